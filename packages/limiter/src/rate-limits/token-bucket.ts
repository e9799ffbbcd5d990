import { checkNumber } from "@breakwater/core";
import { carriedOver, rounding, type Booking, type RateAlgorithm, type ReservableAlgorithm, type ReservableState } from "./algorithm.ts";
import { lastWithout, unclaimed } from "./booking.ts";

export interface TokenBucketOptions {
  /** Tokens a second: from 0, which refills nothing, to Infinity, which lets everything through whatever the burst. */
  readonly refillPerSecond: number;
  /** How many tokens there are at first, and at most: a number from 0. */
  readonly burst: number;
}

/**
 * The token bucket, with reservations.
 *
 * Tokens drop in evenly until the bucket is full; who comes takes some. A reservation takes tokens that are not there yet: the
 * count goes below zero, and the time until it would be zero again is how long the caller must wait. Those who come later
 * wait behind it.
 *
 * It decides like {@link gcra}, which needs one number less a key. This one is for those who think in tokens, and for a bucket
 * that is never refilled.
 *
 * Source: golang.org/x/time/rate, with its tables of tests.
 */
class TokenBucket implements ReservableAlgorithm {
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
  /** Infinity refills nothing, 0 lets everything through. */
  readonly msPerToken: number;
  /** As many tokens as the rounding of times amounts to; far below one. */
  readonly slackTokens: number;

  constructor(burst: number, msPerToken: number) {
    this.burst = burst;
    this.msPerToken = msPerToken;
    this.slackTokens = Math.min(rounding / msPerToken, 0.001);
    this.limit = msPerToken === 0 ? Infinity : burst;
    this.windowMs = burst === 0 ? 0 : burst * msPerToken;
  }

  fresh(now: number): ReservableState {
    return new TokenBucketState(this, now);
  }
}

class TokenBucketState implements ReservableState {
  algorithm: TokenBucket;
  #tokens: number;
  /** When that many were there. */
  #since: number;
  #last: Booking | undefined = undefined;

  constructor(bucket: TokenBucket, now: number) {
    this.algorithm = bucket;
    this.#tokens = bucket.burst;
    this.#since = now;
  }

  tryTake(weight: number, now: number): boolean {
    const { msPerToken, burst, slackTokens } = this.algorithm;
    if (msPerToken === 0) return true;
    const left = this.#tokensAt(now) - weight;
    if (left < -slackTokens || weight > burst) return false;
    this.#set(left, now);
    return true;
  }

  waitMs(weight: number, now: number, ahead = 0): number {
    const { msPerToken, burst, slackTokens } = this.algorithm;
    if (weight === 0 || msPerToken === 0) return 0;
    if (weight > burst) return Infinity;
    const missing = weight + ahead - this.#tokensAt(now);
    return missing <= slackTokens ? 0 : missing * msPerToken;
  }

  reserve(weight: number, now: number, maxDelayMs: number): Booking | undefined {
    const delayMs = this.waitMs(weight, now);
    if (delayMs > maxDelayMs || delayMs === Infinity) return undefined;
    this.penalise(weight, now);
    this.#last = { weight, at: now + delayMs, msPerUnit: this.algorithm.msPerToken };
    return this.#last;
  }

  cancel(booking: Booking, now: number): void {
    const tokens = unclaimed(booking, this.#last, now);
    if (tokens === 0) return;
    this.refund(tokens, now);
    this.#last = lastWithout(booking, this.#last, now);
  }

  penalise(weight: number, now: number): void {
    if (this.algorithm.msPerToken > 0) this.#set(this.#tokensAt(now) - weight, now);
  }

  refund(weight: number, now: number): void {
    this.#set(Math.min(this.algorithm.burst, this.#tokensAt(now) + weight), now);
  }

  used(now: number): number {
    return this.algorithm.msPerToken === 0 ? 0 : this.algorithm.burst - this.#tokensAt(now);
  }

  remaining(now: number): number {
    const { msPerToken, slackTokens } = this.algorithm;
    return msPerToken === 0 ? Infinity : Math.max(0, Math.floor(this.#tokensAt(now) + slackTokens));
  }

  resetAfterMs(now: number): number {
    const used = this.used(now);
    return used === 0 ? 0 : used * this.algorithm.msPerToken;
  }

  adopt(algorithm: RateAlgorithm, now: number): boolean {
    if (!(algorithm instanceof TokenBucket)) return false;
    const used = carriedOver(this.used(now), this.algorithm.limit, algorithm.limit); // with the old rate until now
    this.algorithm = algorithm;
    this.#set(algorithm.burst - used, now);
    return true;
  }

  #tokensAt(now: number): number {
    const { msPerToken, burst } = this.algorithm;
    const elapsedMs = now - this.#since;
    if (elapsedMs <= 0) return this.#tokens;
    const tokens = this.#tokens + elapsedMs / msPerToken;
    return tokens > burst ? burst : tokens;
  }

  #set(tokens: number, now: number): void {
    this.#tokens = tokens;
    this.#since = now;
  }
}

/**
 * Tokens that drop in evenly, as many at once as there are.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function tokenBucket({ refillPerSecond, burst }: TokenBucketOptions): ReservableAlgorithm {
  checkNumber("refillPerSecond", refillPerSecond);
  checkNumber("burst", burst, { max: Number.MAX_SAFE_INTEGER });
  return new TokenBucket(burst, 1000 / refillPerSecond);
}
