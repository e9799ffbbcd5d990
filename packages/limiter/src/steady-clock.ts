import type { Clock, Timer } from "@breakwater/core";

/**
 * A clock that can be held: while it is, every reading is the same.
 *
 * A wake asks who is next and then grants to the next; core's wait list reads the clock for both. On a running clock the
 * one who was asked about can run out of time in between, and what was measured for its weight would go to the one
 * behind it. Held, the two agree.
 */
export class SteadyClock implements Clock {
  readonly #clock: Clock;
  #isHeld = false;
  #heldAt: number | undefined = undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on the first reading, if there is one, is the only one. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#heldAt = undefined;
  }

  now(): number {
    if (!this.#isHeld) return this.#clock.now();
    return (this.#heldAt ??= this.#clock.now());
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    return this.#clock.setTimer(callback, delayMs);
  }
}
