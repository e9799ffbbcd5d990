import { checkFunction, systemClock, type Clock } from "@breakwater/core";

/**
 * Time that never goes back, whatever the clock does: against its contract a clock may jump, and then time stands still here
 * until it goes on. So nothing else in this package has to think of it.
 *
 * @throws TypeError when it is no clock.
 */
export function elapsed(clock: Clock): () => number {
  if (clock === systemClock) return () => systemClock.now(); // it is monotonic
  checkFunction("clock.now", (clock as Partial<Clock> | null)?.now); // JavaScript callers may pass anything
  const line = new TimeLine(clock);
  return () => line.now();
}

/** Fields rather than a closure's variables: V8 writes a number into a field in place, and into a variable as a new object. */
class TimeLine {
  readonly #clock: Clock;
  #last: number;
  #total = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#last = clock.now();
  }

  now(): number {
    const now = this.#clock.now();
    if (now > this.#last) this.#total += now - this.#last;
    this.#last = now;
    return this.#total;
  }
}
