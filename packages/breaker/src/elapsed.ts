import { checkFunction, systemClock, type Clock } from "@breakwater/core";

/**
 * How much time has passed since it was first asked, in ms: time that never goes back, whatever the clock does.
 *
 * A clock that jumps backwards, against its contract, stands still here until it goes forwards again: no wait becomes longer
 * than it was, no bucket of a window comes twice, and a call does not take less than no time. So nothing else in this package
 * has to think of it.
 *
 * @throws TypeError when it is no clock.
 */
export function elapsed(clock: Clock): () => number {
  if (clock === systemClock) return () => systemClock.now(); // it is monotonic
  checkFunction("clock.now", (clock as Partial<Clock> | null)?.now); // JavaScript callers may pass anything
  let last: number | undefined;
  let total = 0;
  return () => {
    const now = clock.now();
    if (last !== undefined && now > last) total += now - last;
    last = now;
    return total;
  };
}
