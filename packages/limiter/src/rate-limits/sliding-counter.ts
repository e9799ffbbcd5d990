import { rounding, type RateAlgorithm, type RateState } from "./algorithm.ts";
import { checkWindow, type WindowOptions } from "./sliding-log.ts";

/**
 * The sliding counter: two counts instead of a log. What was taken in the last `windowMs` is estimated as this window's
 * count plus that part of the previous one's which the sliding window still covers, as if it had been spread evenly:
 *
 *     | previous: 80          | current: 30     .      |      30 % of the current window have passed, so
 *     |             [ <------ windowMs -------> ]      |      30 + floor(80 x 0.7) = 86 are counted
 *
 * Cheap, and right on average; near the limit it decides differently from the exact log in up to a third of the cases, and a
 * client that sends legal bursts is refused 29 % of them (`pnpm sim` of the reference's 5.6). Where that matters take the
 * log, or {@link gcra}.
 *
 * Source: Cloudflare, How we built rate limiting (2017). The weight is counted, which some forget, and a previous window
 * that is older than one window counts for nothing.
 */
class SlidingCounter implements RateAlgorithm {
  readonly limit: number;
  readonly windowMs: number;

  constructor(limit: number, windowMs: number) {
    this.limit = limit;
    this.windowMs = windowMs;
  }

  fresh(): RateState {
    return new SlidingCounterState(this);
  }
}

class SlidingCounterState implements RateState {
  algorithm: SlidingCounter;
  #window = -Infinity;
  #current = 0;
  #previous = 0;

  constructor(counter: SlidingCounter) {
    this.algorithm = counter;
  }

  tryTake(weight: number, now: number): boolean {
    if (this.used(now) + weight > this.algorithm.limit) return false;
    if (this.algorithm.limit < Infinity) this.#current += weight;
    return true;
  }

  // Those ahead are left out: what they take may be in the previous window by then, of which only a part counts.
  waitMs(weight: number, now: number): number {
    const { limit, windowMs } = this.algorithm;
    if (weight > limit) return Infinity;
    if (this.used(now) + weight <= limit) return 0;
    const start = this.#window * windowMs;
    const room = limit - weight - this.#current;
    if (room >= 0) return start + this.#until(room, this.#previous) - now;
    // Nothing helps in this window; in the next its count is the previous one.
    return start + windowMs + this.#until(room + this.#current, this.#current) - now;
  }

  penalise(weight: number, now: number): void {
    this.#roll(now);
    if (this.algorithm.limit < Infinity) this.#current += weight;
  }

  refund(weight: number, now: number): void {
    this.#roll(now);
    const fromCurrent = Math.min(weight, this.#current);
    this.#current -= fromCurrent;
    this.#previous = Math.max(0, this.#previous - (weight - fromCurrent));
  }

  used(now: number): number {
    this.#roll(now);
    const { windowMs } = this.algorithm;
    const passed = Math.min(1, Math.max(0, now / windowMs - this.#window));
    return this.#current + Math.floor(this.#previous * (1 - passed));
  }

  remaining(now: number): number {
    return Math.floor(Math.max(0, this.algorithm.limit - this.used(now)));
  }

  resetAfterMs(now: number): number {
    const isNew = this.used(now) === 0;
    const start = this.#window * this.algorithm.windowMs;
    if (this.#current > 0) return start + this.algorithm.windowMs + this.#until(0, this.#current) - now;
    return isNew ? 0 : start + this.#until(0, this.#previous) - now;
  }

  adopt(algorithm: RateAlgorithm, now: number): boolean {
    if (!(algorithm instanceof SlidingCounter)) return false;
    const used = this.used(now);
    const isSameWindow = algorithm.windowMs === this.algorithm.windowMs;
    this.algorithm = algorithm;
    if (isSameWindow) return true;
    this.#window = Math.floor(now / algorithm.windowMs);
    this.#current = used;
    this.#previous = 0;
    return true;
  }

  /** How far into a window the share of the previous one has fallen to `room`, in ms. */
  #until(room: number, previous: number): number {
    if (previous <= room) return 0;
    return this.algorithm.windowMs * (1 - (room + 1) / previous) + rounding; // strictly after
  }

  #roll(now: number): void {
    const window = Math.floor(now / this.algorithm.windowMs);
    if (window <= this.#window) return;
    this.#previous = window === this.#window + 1 ? this.#current : 0;
    this.#current = 0;
    this.#window = window;
  }
}

/**
 * Two counts a key, right on average. Known from gateways; prefer {@link gcra} unless you must decide as they do.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function slidingCounter(options: WindowOptions): RateAlgorithm {
  return new SlidingCounter(...checkWindow(options));
}
