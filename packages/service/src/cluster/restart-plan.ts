import { checkNumber } from "@breakwater/core";

/** When workers that ended unasked are replaced. */
export interface RestartOptions {
  /** The first one in a window is replaced after so long, in ms from 0. Default 100. */
  readonly minMs?: number | undefined;
  /** Each further one after twice as long, up to this, in ms. Default 10,000. */
  readonly maxMs?: number | undefined;
  /** So many replacements in a window, whole, from 0. Default 10. */
  readonly budget?: number | undefined;
  /** The window of both, in ms from 1; it slides. Default 60,000. */
  readonly windowMs?: number | undefined;
}

/** When the next replacement may be made. */
export interface Restart {
  /** From now; Infinity for never. */
  readonly delayMs: number;
  /** Whether it has to wait for the budget. */
  readonly isExhausted: boolean;
}

/**
 * How soon a worker that ended unasked is replaced, and how often.
 *
 * The problem: what killed one worker, a missing file or a poisoned request, kills its replacement too. At once and without end
 * that is a machine which does nothing but start processes; never is a service that one bad minute takes down for good.
 *
 * The idea: one list of the times of replacements in the last window says both. The more there are, the longer the next one
 * waits, and the window never holds more than the budget. An hour of quiet and the list is empty: the next one is nearly free.
 *
 *     crashes      x  x x      x                                x
 *     replaced      |   |   |         |                          |
 *     delay        100 200 400      800                         100      the window has gone by
 *
 * The invariant: times in the list never fall, and any stretch as long as the window holds at most `budget` of them.
 */
export class RestartPlan {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #budget: number;
  readonly #windowMs: number;
  /** When replacements were made, or will be. */
  #times: number[] = [];

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor({ minMs = 100, maxMs = 10_000, budget = 10, windowMs = 60_000 }: RestartOptions = {}) {
    this.#minMs = checkNumber("restarts.minMs", minMs);
    this.#maxMs = checkNumber("restarts.maxMs", maxMs, { min: minMs });
    this.#budget = checkNumber("restarts.budget", budget, { integer: true });
    this.#windowMs = checkNumber("restarts.windowMs", windowMs, { min: 1 });
  }

  /** One has ended: when to replace it. It counts as replaced then. */
  next(now: number): Restart {
    this.#times = this.#times.filter((time) => time > now - this.#windowMs);
    // As far as a double doubles: 0 times Infinity would be no number.
    const backoffMs = Math.min(this.#maxMs, this.#minMs * 2 ** Math.min(this.#times.length, 1_000));
    const wantedAt = Math.max(now + backoffMs, this.#times.at(-1) ?? -Infinity);
    const allowedAt = this.#allowedAt();
    const at = Math.max(wantedAt, allowedAt);
    if (at < Infinity) this.#times.push(at);
    return { delayMs: at - now, isExhausted: allowedAt > wantedAt };
  }

  // When the oldest of the last `budget` leaves the window.
  #allowedAt(): number {
    if (this.#budget === 0) return Infinity;
    const oldest = this.#times.at(-this.#budget);
    return this.#times.length < this.#budget || oldest === undefined ? -Infinity : oldest + this.#windowMs;
  }
}
