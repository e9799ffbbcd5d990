import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { BreakerState, Guarded } from "../network/messages.ts";
import type { BreakerWatch, WatchedStep } from "./breaker-watch.ts";
import type { PhaseReport, Tally } from "./tally.ts";

/** Something behind the service that can be taken away. */
export interface Dependency {
  readonly name: string;
  /** Whose breaker has to do with it. */
  readonly guarded: Guarded;
  /** Resolves when its process has gone. */
  kill(): Promise<void>;
  /** Resolves when it can be used again. */
  comeBack(): Promise<void>;
}

/** One outage, from before the kill until all is well again. Times in ms. */
export interface OutageReport {
  readonly dependency: string;
  readonly phases: readonly PhaseReport[];
  /** From the kill to the return. */
  readonly goneMs: number;
  readonly breaker: {
    /** From the kill, for each process whose breaker opened. */
    readonly openedMs: Readonly<Record<string, number>>;
    /** From the return to the last that closed; null when none did. */
    readonly closedMs: number | null;
    /** From the kill. */
    readonly steps: readonly { readonly process: string; readonly to: BreakerState; readonly atMs: number }[];
  };
  /** From the return to the last refusal and to the breakers' closing, whichever came last; null when it did not come to that. */
  readonly recoveryMs: number | null;
  /** The longest that this process stood still: by so much what it measured may be too long. */
  readonly standstillMs: number;
}

/** How soon after a dependency's return all must be well. */
export const recoveryLimitMs = 2_000;
const lookMs = 25;
const loopMs = 10;

export interface OutageSettings {
  readonly tally: Tally;
  readonly watch: BreakerWatch;
  readonly phaseMs: number;
  /** Aborted when the whole is given up: nothing is started from then on. */
  readonly signal: AbortSignal;
}

/** Takes the dependency away under load, gives it back, and looks until nobody is refused any more. */
export async function runOutage(dependency: Dependency, { tally, watch, phaseMs, signal }: OutageSettings): Promise<OutageReport> {
  const { guarded } = dependency;
  const loop = monitorEventLoopDelay({ resolution: loopMs });
  loop.enable();
  tally.open("before");
  await sleep(phaseMs / 2, undefined, { signal });
  tally.open("gone");
  const killedAt = performance.now();
  await dependency.kill();
  await sleep(Math.max(0, killedAt + phaseMs - performance.now()), undefined, { signal });
  await dependency.comeBack();
  const returnedAt = performance.now();
  tally.open("back");
  const recoveryMs = await recovery(returnedAt, { tally, watch, phaseMs, signal, guarded, killedAt });
  tally.close();
  loop.disable();
  const steps = watch.since(guarded, killedAt);
  return {
    dependency: dependency.name,
    phases: tally.phases.splice(0),
    goneMs: returnedAt - killedAt,
    breaker: {
      openedMs: openings(steps, killedAt),
      closedMs: watch.isClosed(guarded) && steps.length > 0 ? lastOf(steps) - returnedAt : null,
      steps: steps.map(({ process, to, at }) => ({ process, to, atMs: at - killedAt })),
    },
    recoveryMs,
    standstillMs: Math.max(0, loop.max / 1e6 - loopMs),
  };
}

/** Well is: the breakers are closed, and for half a phase nobody was refused. */
async function recovery(returnedAt: number, settings: OutageSettings & { readonly guarded: Guarded; readonly killedAt: number }): Promise<number | null> {
  const { tally, watch, phaseMs, signal, guarded, killedAt } = settings;
  const quietMs = phaseMs / 2;
  for (;;) {
    await sleep(lookMs, undefined, { signal });
    const now = performance.now();
    const wellAt = Math.max(returnedAt, tally.troubledAt, lastOf(watch.since(guarded, killedAt)));
    if (watch.isClosed(guarded) && now - wellAt >= quietMs) return wellAt - returnedAt;
    if (now - returnedAt > 2 * recoveryLimitMs + quietMs) return null;
  }
}

function openings(steps: readonly WatchedStep[], killedAt: number): Record<string, number> {
  const first = steps.filter(({ to }) => to === "open").toReversed(); // so that the first of each process is written last
  return Object.fromEntries(first.map(({ process, at }) => [process, at - killedAt]));
}

function lastOf(steps: readonly WatchedStep[]): number {
  return steps.at(-1)?.at ?? -Infinity;
}
