import type { Clock } from "@breakwater/core";

/**
 * A clock's time that cannot go back, counted from when this was made.
 *
 * A clock that goes back has shown time that did not pass yet. A limit that believes it either gives that time away twice or is
 * shut until the clock has caught up; here no time passes during the jump, and goes on after it. And counted from now the
 * numbers are small, so that a clock with the year 1970 for its origin loses no digits.
 */
export class SteadyTime {
  readonly #clock: Clock;
  /** What the clock showed last, in its own ms. */
  shown: number;
  #behindMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.shown = clock.now();
    this.#behindMs = -this.shown;
  }

  now(): number {
    const shown = this.#clock.now();
    if (shown < this.shown) this.#behindMs += this.shown - shown;
    this.shown = shown;
    return shown + this.#behindMs;
  }
}
