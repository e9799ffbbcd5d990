import { checkNumber } from "@breakwater/core";
import { rounding, type RateAlgorithm, type RateState } from "./algorithm.ts";

export interface GcraOptions {
  /** How much in `perMs`: from 0, which lets nothing through, to Infinity, which lets everything. */
  readonly limit: number;
  /** In ms, above 0. */
  readonly perMs: number;
  /** How much at once, after a pause: a number from 0. Default `limit`. */
  readonly burst?: number | undefined;
}

/**
 * GCRA, the generic cell rate algorithm: a token bucket in one number.
 *
 * The idea: units would arrive evenly, one every T = perMs / limit. The *theoretical arrival time* (TAT) is when the next
 * one is due if all who came had kept to that. Coming early is allowed by up to a burst's worth of time; who comes when
 * the TAT is further ahead than that is refused, and nothing is stored.
 *
 *        now         TAT
 *     ----|-----------|------------> time        allowed while TAT + weight x T - now <= burst x T
 *         |<--debt--->|
 *
 * The debt melts by itself, so there is nothing to refill and no window at whose edge twice the limit fits. Still a client
 * that saved up its burst may take nearly twice the limit within one `perMs`: burst + limit - 1.
 *
 * Source: ITU-T I.371; redis-cell and throttled, of which the worked example is a test.
 */
class Gcra implements RateAlgorithm {
  readonly limit: number;
  readonly windowMs: number;
  /** T; 0 lets everything through, Infinity nothing. */
  readonly msPerUnit: number;
  /** So far ahead may the TAT be. */
  readonly toleranceMs: number;

  constructor(burst: number, msPerUnit: number, perMs: number) {
    this.msPerUnit = msPerUnit;
    this.limit = msPerUnit === 0 ? Infinity : msPerUnit === Infinity ? 0 : burst;
    this.toleranceMs = msPerUnit === 0 ? Infinity : msPerUnit === Infinity ? 0 : burst * msPerUnit;
    this.windowMs = this.toleranceMs > 0 && this.toleranceMs < Infinity ? this.toleranceMs : perMs;
  }

  fresh(): GcraState {
    return new GcraState(this);
  }
}

class GcraState implements RateState {
  readonly #algorithm: Gcra;
  #tat = -Infinity;

  constructor(algorithm: Gcra) {
    this.#algorithm = algorithm;
  }

  tryTake(weight: number, now: number): boolean {
    const { msPerUnit, toleranceMs } = this.#algorithm;
    const tat = this.#tat;
    const next = (tat > now ? tat : now) + weight * msPerUnit;
    if (!(next - now <= toleranceMs + rounding)) return false;
    this.#tat = next;
    return true;
  }

  waitMs(weight: number, now: number, ahead = 0): number {
    const { msPerUnit, toleranceMs } = this.#algorithm;
    if (weight === 0 || msPerUnit === 0) return 0;
    if (!(weight * msPerUnit <= toleranceMs + rounding)) return Infinity;
    const early = Math.max(this.#tat, now) + (ahead + weight) * msPerUnit - now - toleranceMs;
    return early <= rounding ? 0 : early;
  }

  penalise(weight: number, now: number): void {
    const { msPerUnit } = this.#algorithm;
    if (msPerUnit < Infinity) this.#tat = Math.max(this.#tat, now) + weight * msPerUnit;
  }

  refund(weight: number): void {
    const { msPerUnit } = this.#algorithm;
    if (msPerUnit < Infinity) this.#tat -= weight * msPerUnit; // a TAT in the past is a full burst, and no more
  }

  remaining(now: number): number {
    const { msPerUnit, toleranceMs, limit } = this.#algorithm;
    if (limit === 0 || limit === Infinity) return limit;
    return Math.max(0, Math.floor((toleranceMs - this.resetAfterMs(now) + rounding) / msPerUnit));
  }

  resetAfterMs(now: number): number {
    return Math.max(0, this.#tat - now);
  }
}

/**
 * The default choice: exact spacing with a burst, one number a key, no edges. `burst: 1` spaces evenly.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function gcra({ limit, perMs, burst = limit }: GcraOptions): RateAlgorithm {
  checkNumber("limit", limit);
  checkNumber("perMs", perMs, { min: Number.MIN_VALUE, max: Number.MAX_VALUE });
  checkNumber("burst", burst);
  if (limit === Infinity) return new Gcra(Infinity, 0, perMs); // whatever the burst
  return new Gcra(burst, limit === 0 || burst === 0 ? Infinity : perMs / limit, perMs);
}
