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

  fresh(): RateState {
    return new SpacingState(this);
  }
}

class SpacingState implements RateState {
  algorithm: Spacing;
  #freeAt = -Infinity;
  #weight = 0;
  isBusy = false;

  constructor(spacing: Spacing) {
    this.algorithm = spacing;
  }

  tryTake(weight: number, now: number): boolean {
    if (this.isBusy || this.#freeAt - now > rounding) return false;
    this.penalise(weight, now);
    this.isBusy = this.algorithm.isFromEnd && weight > 0;
    this.#weight = weight;
    return true;
  }

  waitMs(weight: number, now: number, ahead = 0): number {
    if (weight === 0) return 0;
    const left = Math.max(0, this.#freeAt - now);
    const { windowMs } = this.algorithm;
    // While work goes on nobody knows how long; not less than the pause after it, and not nothing.
    if (this.isBusy) return Math.max(left, windowMs, 10 * rounding) + ahead * windowMs;
    return (left <= rounding ? 0 : left) + ahead * windowMs;
  }

  ended(now: number): void {
    if (!this.isBusy) return;
    this.isBusy = false;
    this.#freeAt = now + this.#weight * this.algorithm.windowMs;
  }

  penalise(weight: number, now: number): void {
    this.#freeAt = Math.max(this.#freeAt, now) + weight * this.algorithm.windowMs;
  }

  refund(weight: number): void {
    this.#freeAt -= weight * this.algorithm.windowMs;
  }

  used(now: number): number {
    const leftMs = this.resetAfterMs(now);
    return leftMs === 0 ? 0 : leftMs / this.algorithm.windowMs;
  }

  remaining(now: number): number {
    return this.isBusy || this.#freeAt - now > rounding ? 0 : 1;
  }

  resetAfterMs(now: number): number {
    return Math.max(0, this.#freeAt - now, this.isBusy ? this.algorithm.windowMs : 0);
  }

  /** The pause that has begun stays as long as it was. */
  adopt(algorithm: RateAlgorithm): boolean {
    if (!(algorithm instanceof Spacing)) return false;
    this.algorithm = algorithm;
    return true;
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
