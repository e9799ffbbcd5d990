import { checkNumber } from "@breakwater/core";
import { rounding, type RateAlgorithm, type RateState } from "./algorithm.ts";

export interface WindowOptions {
  /** How much in any one window: a whole number from 0, or Infinity. */
  readonly limit: number;
  /** In ms, above 0. */
  readonly windowMs: number;
}

/**
 * The sliding log: what was taken within the last window, remembered one by one. It is exact: never more than the limit in
 * *any* window, and never a refusal while there is room. It costs memory for each of them, so it is for small limits.
 *
 * Only what was taken is written down. Logging refusals too, as some libraries do, locks out for ever a client that asks
 * more often than it may. The log is a queue in two arrays with a moving start; what is out of the window is cut off, a
 * half of the arrays at a time, so taking is O(1) on average.
 */
class SlidingLog implements RateAlgorithm {
  readonly limit: number;
  readonly windowMs: number;

  constructor(limit: number, windowMs: number) {
    this.limit = limit;
    this.windowMs = windowMs;
  }

  fresh(): SlidingLogState {
    return new SlidingLogState(this);
  }
}

class SlidingLogState implements RateState {
  algorithm: SlidingLog;
  #times: number[] = [];
  #weights: number[] = [];
  #start = 0;
  #used = 0;

  constructor(log: SlidingLog) {
    this.algorithm = log;
  }

  tryTake(weight: number, now: number): boolean {
    if (this.used(now) + weight > this.algorithm.limit) return false;
    this.#write(weight, now);
    return true;
  }

  waitMs(weight: number, now: number, ahead = 0): number {
    const { limit, windowMs } = this.algorithm;
    if (weight > limit) return Infinity;
    const used = this.used(now);
    // Whoever waits for more than a window's worth waits for whole windows, at least.
    const windows = Math.max(0, Math.ceil((ahead + weight) / limit) - 1);
    let missing = used + ahead + weight - windows * limit - limit;
    for (let i = this.#start; missing > 0 && i < this.#times.length; i += 1) {
      missing -= this.#weights[i] ?? 0;
      if (missing <= 0) return (this.#times[i] ?? now) + windowMs - now + windows * windowMs;
    }
    return windows * windowMs;
  }

  penalise(weight: number, now: number): void {
    this.#forget(now);
    this.#write(weight, now);
  }

  /** The newest are given back first. */
  refund(weight: number, now: number): void {
    this.#forget(now);
    let left = Math.min(weight, this.#used);
    this.#used -= left;
    while (left > 0) {
      const last = this.#weights.length - 1;
      const newest = this.#weights[last] ?? 0;
      if (newest > left) {
        this.#weights[last] = newest - left;
        return;
      }
      left -= newest;
      this.#weights.pop();
      this.#times.pop();
    }
  }

  used(now: number): number {
    this.#forget(now);
    return this.#used;
  }

  remaining(now: number): number {
    return Math.floor(Math.max(0, this.algorithm.limit - this.used(now)));
  }

  resetAfterMs(now: number): number {
    const isEmpty = this.used(now) === 0;
    return isEmpty ? 0 : (this.#times.at(-1) ?? now) + this.algorithm.windowMs - now;
  }

  adopt(algorithm: RateAlgorithm): boolean {
    if (!(algorithm instanceof SlidingLog)) return false;
    this.algorithm = algorithm;
    return true;
  }

  #write(weight: number, now: number): void {
    if (weight === 0 || this.algorithm.limit === Infinity) return;
    this.#times.push(now);
    this.#weights.push(weight);
    this.#used += weight;
  }

  #forget(now: number): void {
    const last = now - this.algorithm.windowMs + rounding;
    while (this.#start < this.#times.length && (this.#times[this.#start] ?? 0) <= last) {
      this.#used -= this.#weights[this.#start] ?? 0;
      this.#start += 1;
    }
    if (this.#start === 0 || 2 * this.#start < this.#times.length) return;
    this.#times = this.#times.slice(this.#start);
    this.#weights = this.#weights.slice(this.#start);
    this.#start = 0;
  }
}

/**
 * Exact for every window, at the cost of remembering everything in it.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function slidingLog(options: WindowOptions): RateAlgorithm {
  return new SlidingLog(...checkWindow(options));
}

export function checkWindow({ limit, windowMs }: WindowOptions): [limit: number, windowMs: number] {
  checkNumber("limit", limit, { integer: true });
  checkNumber("windowMs", windowMs, { min: Number.MIN_VALUE, max: Number.MAX_VALUE });
  return [limit, windowMs];
}
