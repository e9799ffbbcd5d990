import type { Claim } from "../claim.ts";
import type { ServiceExit } from "../network/service-process.ts";
import { recoveryLimitMs, type OutageReport } from "./outage.ts";
import { total, type Counts, type PhaseReport } from "./tally.ts";

export interface Terms {
  readonly deadlineMs: number;
  readonly processes: number;
}

/** What must be so whichever dependency goes away. */
export function judgeOutage(outage: OutageReport, terms: Terms): Claim[] {
  const { dependency, phases } = outage;
  const claims = [allHeard(phases), inTime(outage, terms), breakerOpened(outage, terms), recovered(outage), stillRead(phases)];
  if (dependency === "redis") claims.push(nobodyNoticed(phases));
  return claims.map(({ claim, ...rest }) => ({ claim: `${dependency}: ${claim}`, ...rest }));
}

export function judgeExits(exits: readonly ServiceExit[]): Claim {
  const bad = exits.filter(({ code, forced }) => code !== 0 || forced?.length !== 0);
  const detail = exits.map(({ code, signal, forced = [] }) => [signal ?? `exit ${code}`, ...forced].join(", ")).join("; ");
  return { claim: "every process drained when it was asked to", isKept: bad.length === 0 && exits.length > 0, detail };
}

function allHeard(phases: readonly PhaseReport[]): Claim {
  const failed = phases.map(({ failed: { order, product } }) => merged(order, product)).reduce(merged, {});
  const heard = phases.reduce((sum, { answered, refused }) => sum + answered.order + answered.product + total(refused.order) + total(refused.product), 0);
  const detail = total(failed) === 0 ? `${heard} were` : `${total(failed)} of ${heard + total(failed)} were not: ${listOf(failed)}`;
  return { claim: "every request was answered or refused", isKept: total(failed) === 0 && heard > 0, detail };
}

function inTime({ phases, standstillMs }: OutageReport, { deadlineMs }: Terms): Claim {
  const slowestMs = Math.max(...phases.map((phase) => phase.slowestMs));
  // Whoever could not look at the clock cannot say when an answer came.
  const doubt = slowestMs <= deadlineMs ? "" : `, by a clock that stood still for ${standstillMs.toFixed(0)} ms`;
  return {
    claim: "each of them within its deadline",
    isKept: slowestMs <= deadlineMs + standstillMs,
    detail: `the slowest after ${slowestMs.toFixed(0)} ms of ${deadlineMs}${doubt}`,
  };
}

function breakerOpened({ breaker: { openedMs } }: OutageReport, { processes }: Terms): Claim {
  const times = Object.values(openedMs);
  const last = times.length === 0 ? "" : `, after ${Math.max(...times).toFixed(0)} ms at the latest`;
  return { claim: "the breaker opened in every process", isKept: times.length === processes, detail: `in ${times.length} of ${processes}${last}` };
}

function recovered({ recoveryMs }: OutageReport): Claim {
  const isKept = recoveryMs !== null && recoveryMs <= recoveryLimitMs;
  return { claim: `all was well within ${recoveryLimitMs} ms of its return`, isKept, detail: recoveryMs === null ? "it was not" : `after ${recoveryMs.toFixed(0)} ms` };
}

/** Products come out of a cache that serves old ones rather than none. */
function stillRead(phases: readonly PhaseReport[]): Claim {
  const answered = phases.reduce((sum, phase) => sum + phase.answered.product, 0);
  const refused = phases.map(({ refused: { product } }) => product).reduce(merged, {});
  return {
    claim: "products were answered all the time",
    isKept: total(refused) === 0 && answered > 0,
    detail: total(refused) === 0 ? `${answered} were` : `${total(refused)} were refused: ${listOf(refused)}`,
  };
}

function nobodyNoticed(phases: readonly PhaseReport[]): Claim {
  const refused = phases.map(({ refused: { order } }) => order).reduce(merged, {});
  return { claim: "no order was refused for it", isKept: total(refused) === 0, detail: total(refused) === 0 ? "none was" : listOf(refused) };
}

export function merged(a: Counts, b: Counts): Counts {
  const sum: Record<string, number> = { ...a };
  for (const [reason, count] of Object.entries(b)) sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}

export function listOf(counts: Counts): string {
  return Object.entries(counts)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(", ");
}
