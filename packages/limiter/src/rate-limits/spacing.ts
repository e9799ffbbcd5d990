import { checkNumber } from "@breakwater/core";
import { rounding, type RateAlgorithm, type RateState } from "./algorithm.ts";

export interface SpacingOptions {
  /** In ms from 0. */
  readonly everyMs: number;
  /**
   * `start`: from one start to the next; the default. `end`: from the end of one to the start of the next, so only one is in
   * progress at a time. It needs `run`, `layer`, or a release of each permit.
   */
  readonly from?: "start" | "end" | undefined;
}

/** One after the other, with a pause between them; a weight of n makes the pause n times as long. */
class Spacing implements RateAlgorithm {
  readonly limit = 1;
  readonly windowMs: number;
  readonly isFromEnd: boolean;

  constructor(everyMs: number, isFromEnd: boolean) {
    this.windowMs = everyMs;
    this.isFromEnd = isFromEnd;
  }

  fresh(): SpacingState {
    return new SpacingState(this);
  }
}

class SpacingState implements RateState {
  readonly #spacing: Spacing;
  #freeAt = -Infinity;
  #weight = 0;
  isBusy = false;

  constructor(spacing: Spacing) {
    this.#spacing = spacing;
  }

  tryTake(weight: number, now: number): boolean {
    if (this.isBusy || this.#freeAt - now > rounding) return false;
    this.penalise(weight, now);
    this.isBusy = this.#spacing.isFromEnd && weight > 0;
    this.#weight = weight;
    return true;
  }

  waitMs(weight: number, now: number, ahead = 0): number {
    if (weight === 0) return 0;
    const left = Math.max(0, this.#freeAt - now);
    // While work goes on nobody knows how long; not less than the pause after it.
    return (this.isBusy ? Math.max(left, this.#spacing.windowMs) : left <= rounding ? 0 : left) + ahead * this.#spacing.windowMs;
  }

  ended(now: number): void {
    if (!this.isBusy) return;
    this.isBusy = false;
    this.#freeAt = now + this.#weight * this.#spacing.windowMs;
  }

  penalise(weight: number, now: number): void {
    this.#freeAt = Math.max(this.#freeAt, now) + weight * this.#spacing.windowMs;
  }

  refund(weight: number): void {
    this.#freeAt -= weight * this.#spacing.windowMs;
    this.isBusy = false;
  }

  remaining(now: number): number {
    return this.isBusy || this.#freeAt - now > rounding ? 0 : 1;
  }

  resetAfterMs(now: number): number {
    return Math.max(0, this.#freeAt - now, this.isBusy ? this.#spacing.windowMs : 0);
  }
}

/**
 * One every so many ms, without a burst.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function spacing({ everyMs, from = "start" }: SpacingOptions): RateAlgorithm {
  checkNumber("everyMs", everyMs, { max: Number.MAX_VALUE });
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- callers without types exist
  if (from !== "start" && from !== "end") throw new RangeError(`from must be "start" or "end", got ${String(from)}`);
  return new Spacing(everyMs, from === "end");
}
