import type { ContributionReading } from "./contributions.ts";
import type { DependencyCheck } from "./dependency-check.ts";
import type { ErrorRate } from "./error-rate.ts";
import { isSilent, weighed, type HealthStatus, type Verdict } from "./status.ts";
import type { Threshold } from "./threshold.ts";

/** The windowed error rate, and how long its window is. */
export interface WindowPart {
  readonly rate: ErrorRate;
  readonly windowMs: number;
}

/** What a whole is made of. */
export interface Parts {
  readonly window: WindowPart;
  readonly checks: readonly DependencyCheck[];
  readonly contributions: readonly ContributionReading[];
}

/** The reasons of those parts that say what the whole says. */
export function reasonOf(status: HealthStatus, { window, checks, contributions }: Parts, now: number): string {
  if (status === "DRAINING") return "draining";
  const reasons: string[] = [];
  const verdicts: Verdict[] = [];
  const consider = (verdict: Verdict, reason: () => string): void => {
    verdicts.push(verdict);
    if (weighed(verdict) === status) reasons.push(reason());
  };
  for (const check of checks) consider(check.verdictAt(now), () => reasonOfCheck(check, now));
  for (const reading of contributions) consider(reading, () => reasonOfContribution(reading));
  const isQuiet = isSilent(window.rate.verdict, verdicts);
  if (window.rate.verdict === status || (isQuiet && status === "HEALTHY")) reasons.unshift(reasonOfWindow(window));
  return reasons.join("; ");
}

function reasonOfWindow({ rate, windowMs }: WindowPart): string {
  const { total, failures, limits, verdict } = rate;
  const period = windowMs === Infinity ? "so far" : `in the last ${rounded(windowMs / 1000)} s`;
  if (total >= limits.minimumCalls) return `error rate ${percent(rate.ratio)} (${failures} of ${total} calls ${period})${lingering(rate)}`;
  const verb = verdict === "UNKNOWN" ? "no verdict on the error rate yet" : `${verdict} kept from an earlier error rate`;
  return `${verb}: ${total} calls ${period}, ${limits.minimumCalls} needed for a verdict`;
}

/** Why the verdict is worse than the rate. */
function lingering({ ratio, failures, verdict, unhealthy, degraded, limits }: ErrorRate): string {
  const reached: Threshold | undefined = [unhealthy, degraded].find(({ isReached }) => isReached);
  if (reached === undefined || (failures > 0 && ratio >= reached.enter)) return "";
  const calm = reached.leave > 0 ? `below ${percent(reached.leave)}` : "without failures";
  return `, ${verdict} until it was ${calm} for ${rounded(limits.dwellMs / 1000)} s`;
}

function reasonOfCheck(check: DependencyCheck, now: number): string {
  const { result, settings, streak } = check;
  const name = `${weightOf(settings)} check ${JSON.stringify(settings.name)}`;
  if (result === undefined) return `${name} has no result yet`;
  if (now >= check.staleAt) return `${name} is stale: its last result came ${rounded((now - result.at) / 1000)} s ago`;
  const { failure, durationMs } = result;
  const isPassing = streak.verdict === "HEALTHY" || streak.verdict === "DEGRADED";
  if (failure !== undefined) return `${name} failed${streak.verdict === "UNHEALTHY" ? "" : ` ${streak.progress} times`}: ${failure}`;
  if (!isPassing) return `${name} passed ${streak.progress} times`;
  return streak.verdict === "HEALTHY" ? `${name} passes` : `${name} is slow: it took ${rounded(durationMs)} ms`;
}

function reasonOfContribution(reading: ContributionReading): string {
  return `${weightOf(reading)} contribution ${JSON.stringify(reading.name)}: ${reading.reason}`;
}

function weightOf({ critical }: { readonly critical: boolean }): string {
  return critical ? "critical" : "optional";
}

function percent(ratio: number): string {
  return `${rounded(ratio * 100)} %`;
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
