import type { Clock } from "@breakwater/core";
import type { Member, WorkerStopReport } from "./member.ts";
import type { RollingReport } from "./reports.ts";
import type { Slot } from "./slot.ts";

export interface RollingOptions {
  readonly slots: readonly Slot[];
  /** Workers made from now on. */
  readonly generation: number;
  readonly clock: Clock;
  readonly make: () => Member;
  readonly isRunning: () => boolean;
}

/**
 * A rolling restart: how it works, and why.
 *
 *     slot 1   old --------------------------x drains, exits
 *                      new: starts ... ready  -------------------------->
 *     slot 2   old -----------------------------------------------x
 *                                                new: ... ready    ------>
 *
 * The new one first: whatever is wrong with the new program, or its surroundings, shows before anything of the old one is given
 * up. So it costs the memory of one worker more, and takes as long as all of them one after the other: each slot at most
 * `readyTimeoutMs` and `stopTimeoutMs`.
 *
 * The first that does not become ready ends it. What was replaced stays replaced: two versions side by side are what every rolling
 * restart has for a while, and to go back one would have to start what may not start any more either.
 *
 * A slot whose worker ended meanwhile has one of the new generation, or is about to: it is passed over.
 */
export async function rollOver({ slots, generation, clock, make, isRunning }: RollingOptions): Promise<RollingReport> {
  const startedAt = clock.now();
  const stopped: WorkerStopReport[] = [];
  let replaced = 0;
  const report = (rest: Pick<RollingReport, "isComplete" | "reason" | "exit">): RollingReport => ({
    ...rest,
    replaced,
    stopped,
    durationMs: clock.now() - startedAt,
  });
  for (const slot of slots) {
    if (!isRunning()) return report({ isComplete: false, reason: "stopping" });
    if (slot.member === undefined || slot.member.generation === generation) continue;
    const next = make();
    const isReady = await next.isReady;
    if (!isRunning()) return report({ isComplete: false, reason: "stopping" }); // the stop ends it with the others
    if (!isReady) return report({ isComplete: false, reason: "not-ready", exit: await next.gone });
    const old = slot.member as Member | undefined; // it may have ended in the meantime
    slot.put(next);
    replaced += 1;
    if (old !== undefined) stopped.push(await old.stop());
  }
  return report({ isComplete: true });
}
