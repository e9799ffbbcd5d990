import { checkNumber } from "@breakwater/core";
import { carriedOver, rounding, type Booking, type RateAlgorithm, type ReservableAlgorithm, type ReservableState } from "./algorithm.ts";
import { lastWithout, unclaimed } from "./booking.ts";

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
class Gcra implements ReservableAlgorithm {
  readonly limit: number;
  readonly windowMs: number;
  /** T; 0 lets everything through, Infinity nothing. */
  readonly msPerUnit: number;
  /** So far ahead of the time may the TAT be, */
  readonly toleranceMs: number;
  /** give or take the rounding, which must stay far below T; */
  readonly slackMs: number;
  /** both together. */
  readonly allowedMs: number;

  constructor(burst: number, msPerUnit: number) {
    const isOff = msPerUnit === Infinity;
    this.msPerUnit = msPerUnit;
    this.limit = msPerUnit === 0 ? Infinity : isOff ? 0 : burst;
    this.toleranceMs = msPerUnit === 0 ? Infinity : isOff ? 0 : burst * msPerUnit;
    this.slackMs = isOff ? 0 : Math.min(rounding, msPerUnit / 1000);
    this.allowedMs = this.toleranceMs + this.slackMs;
    this.windowMs = msPerUnit === 0 ? 0 : this.toleranceMs;
  }

  fresh(): ReservableState {
    return new GcraState(this);
  }
}

class GcraState implements ReservableState {
  algorithm: Gcra;
  #tat = -Infinity;
  #last: Booking | undefined = undefined;

  constructor(algorithm: Gcra) {
    this.algorithm = algorithm;
  }

  tryTake(weight: number, now: number): boolean {
    const { msPerUnit, allowedMs } = this.algorithm;
    const tat = this.#tat;
    const next = (tat > now ? tat : now) + weight * msPerUnit;
    if (next - now > allowedMs) return false;
    this.#tat = next;
    return true;
  }

  waitMs(weight: number, now: number, ahead = 0): number {
    const { msPerUnit, toleranceMs, slackMs, allowedMs } = this.algorithm;
    if (weight === 0 || msPerUnit === 0) return 0;
    if (weight * msPerUnit > allowedMs) return Infinity;
    const early = Math.max(this.#tat, now) + (ahead + weight) * msPerUnit - now - toleranceMs;
    return early <= slackMs ? 0 : early;
  }

  reserve(weight: number, now: number, maxDelayMs: number): Booking | undefined {
    const delayMs = this.waitMs(weight, now);
    if (delayMs > maxDelayMs || delayMs === Infinity) return undefined;
    this.penalise(weight, now);
    this.#last = { weight, at: now + delayMs, msPerUnit: this.algorithm.msPerUnit };
    return this.#last;
  }

  cancel(booking: Booking, now: number): void {
    const units = unclaimed(booking, this.#last, now);
    if (units === 0) return;
    this.refund(units);
    this.#last = lastWithout(booking, this.#last, now);
  }

  penalise(weight: number, now: number): void {
    const { msPerUnit } = this.algorithm;
    if (msPerUnit < Infinity) this.#tat = Math.max(this.#tat, now) + weight * msPerUnit;
  }

  refund(weight: number): void {
    const { msPerUnit } = this.algorithm;
    if (msPerUnit < Infinity) this.#tat -= weight * msPerUnit; // a TAT in the past is a full burst, and no more
  }

  used(now: number): number {
    const debtMs = this.resetAfterMs(now);
    return debtMs === 0 ? 0 : debtMs / this.algorithm.msPerUnit;
  }

  remaining(now: number): number {
    const { msPerUnit, toleranceMs, slackMs, limit } = this.algorithm;
    if (limit === 0 || limit === Infinity) return limit;
    return Math.max(0, Math.floor((toleranceMs - this.resetAfterMs(now) + slackMs) / msPerUnit));
  }

  resetAfterMs(now: number): number {
    return Math.max(0, this.#tat - now);
  }

  adopt(algorithm: RateAlgorithm, now: number): boolean {
    if (!(algorithm instanceof Gcra)) return false;
    const used = carriedOver(this.used(now), this.algorithm.limit, algorithm.limit);
    this.algorithm = algorithm;
    this.#tat = -Infinity;
    if (used > 0) this.penalise(used, now);
    return true;
  }
}

/**
 * The default choice: exact spacing with a burst, one number a key, no edges. `burst: 1` spaces evenly.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function gcra({ limit, perMs, burst = limit }: GcraOptions): ReservableAlgorithm {
  checkNumber("limit", limit);
  checkNumber("perMs", perMs, { min: Number.MIN_VALUE, max: Number.MAX_VALUE });
  checkNumber("burst", burst);
  // An infinite limit lets everything through, whatever the burst.
  return new Gcra(burst, limit === 0 || (burst === 0 && limit < Infinity) ? Infinity : perMs / limit);
}
