import type { Clock } from "@breakwater/core";

/**
 * A clock that cannot go back. A clock that does has shown time that did not pass yet; without this a limit would either give
 * away that time twice, or be shut until the clock has caught up. Here no time passes during the jump, and goes on after it.
 */
export class SteadyTime {
  readonly #clock: Clock;
  #shown = -Infinity;
  #aheadMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    const shown = this.#clock.now();
    if (shown < this.#shown) this.#aheadMs += this.#shown - shown;
    this.#shown = shown;
    return shown + this.#aheadMs;
  }
}
