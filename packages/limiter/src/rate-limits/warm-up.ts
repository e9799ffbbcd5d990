import { checkNumber } from "@breakwater/core";
import { rounding, type RateAlgorithm, type RateState } from "./algorithm.ts";

export interface WarmUpOptions {
  /** When warm: above 0. */
  readonly ratePerSecond: number;
  /** How long it takes from cold to warm under full load, in ms above 0. */
  readonly warmUpMs: number;
  /** How many times slower a cold one is: from 1. Default 3. */
  readonly coldFactor?: number | undefined;
}

/**
 * A rate that starts low and warms up with use, for what is slow when it has been idle: caches, connections, a JIT.
 *
 * Being idle stores permits, and stored permits mean *cold*: taking one costs more time than a fresh one, the more are
 * stored the more. So the first ones after a pause come slowly, and faster as the store empties.
 *
 *     ms per permit
 *       ^ cold  = coldFactor x stable      /|
 *       |                                 / |
 *       |                               /   |        the time that taking some permits costs is the area
 *       |                             /     |        under the line, from right to left
 *     stable  -----------------------       |
 *       |                           .       |
 *       0 -------------------- threshold -- max ---> stored permits
 *
 *     threshold = 0.5 x warmUp / stable          max = threshold + 2 x warmUp / (stable + cold)
 *
 * The area of the slope is the warm-up time; that of the flat part half as much. While nobody comes the store fills at
 * max / warmUp permits a ms, so what has been idle for that long is cold again.
 *
 * Whoever comes pays at once and goes; the *next* one waits for what it cost. So a large weight is never refused for its
 * size, and there is no burst.
 *
 * Source: Guava's SmoothWarmingUp (Wassermann et al.), formulas and constants.
 */
class WarmUp implements RateAlgorithm {
  readonly limit = 1;
  readonly windowMs: number;
  readonly stableMs: number;
  readonly thresholdPermits: number;
  readonly maxPermits: number;
  readonly slope: number;
  readonly coolDownMsPerPermit: number;

  constructor(stableMs: number, warmUpMs: number, coldFactor: number) {
    const coldMs = coldFactor * stableMs;
    this.windowMs = stableMs;
    this.stableMs = stableMs;
    this.thresholdPermits = (0.5 * warmUpMs) / stableMs;
    this.maxPermits = this.thresholdPermits + (2 * warmUpMs) / (stableMs + coldMs);
    this.slope = (coldMs - stableMs) / (this.maxPermits - this.thresholdPermits);
    this.coolDownMsPerPermit = warmUpMs / this.maxPermits;
  }

  fresh(now: number): RateState {
    return new WarmUpState(this, now);
  }

  /** What it takes to go from so many stored permits down to so many. */
  costMs(from: number, to: number): number {
    const above = Math.max(0, from - this.thresholdPermits);
    const below = Math.max(0, to - this.thresholdPermits);
    const flat = (from - to - (above - below)) * this.stableMs;
    return flat + ((above - below) * (2 * this.stableMs + (above + below) * this.slope)) / 2;
  }
}

class WarmUpState implements RateState {
  algorithm: WarmUp;
  #stored: number;
  #freeAt: number;

  constructor(warmUp: WarmUp, now: number) {
    this.algorithm = warmUp;
    this.#stored = warmUp.maxPermits;
    this.#freeAt = now;
  }

  tryTake(weight: number, now: number): boolean {
    if (this.#freeAt - now > rounding) return false;
    this.penalise(weight, now);
    return true;
  }

  waitMs(weight: number, now: number, ahead = 0): number {
    if (weight === 0) return 0;
    const left = Math.max(0, this.#freeAt - now);
    return (left <= rounding ? 0 : left) + ahead * this.algorithm.stableMs;
  }

  penalise(weight: number, now: number): void {
    this.#coolDown(now);
    const fromStore = Math.min(weight, this.#stored);
    const cost = this.algorithm.costMs(this.#stored, this.#stored - fromStore) + (weight - fromStore) * this.algorithm.stableMs;
    this.#stored -= fromStore;
    this.#freeAt += cost;
  }

  /** Gives back time: what was taken warm. */
  refund(weight: number, now: number): void {
    this.#freeAt = Math.max(now, this.#freeAt - weight * this.algorithm.stableMs);
  }

  used(now: number): number {
    return Math.max(0, this.#freeAt - now) / this.algorithm.stableMs;
  }

  remaining(now: number): number {
    return this.#freeAt - now > rounding ? 0 : 1;
  }

  resetAfterMs(now: number): number {
    const { maxPermits, coolDownMsPerPermit } = this.algorithm;
    return Math.max(0, this.#freeAt + (maxPermits - this.#stored) * coolDownMsPerPermit - now);
  }

  /** As warm as it was. */
  adopt(algorithm: RateAlgorithm, now: number): boolean {
    if (!(algorithm instanceof WarmUp)) return false;
    this.#coolDown(now);
    this.#stored *= algorithm.maxPermits / this.algorithm.maxPermits;
    this.algorithm = algorithm;
    return true;
  }

  #coolDown(now: number): void {
    if (now <= this.#freeAt) return;
    const { maxPermits, coolDownMsPerPermit } = this.algorithm;
    this.#stored = Math.min(maxPermits, this.#stored + (now - this.#freeAt) / coolDownMsPerPermit);
    this.#freeAt = now;
  }
}

/**
 * A rate that is low after a pause and rises with use. Every weight is admitted, and makes the next one wait.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function warmUp({ ratePerSecond, warmUpMs, coldFactor = 3 }: WarmUpOptions): RateAlgorithm {
  checkNumber("ratePerSecond", ratePerSecond, { min: Number.MIN_VALUE, max: Number.MAX_VALUE });
  checkNumber("warmUpMs", warmUpMs, { min: Number.MIN_VALUE, max: Number.MAX_VALUE });
  checkNumber("coldFactor", coldFactor, { min: 1, max: Number.MAX_VALUE });
  return new WarmUp(1000 / ratePerSecond, warmUpMs, coldFactor);
}
