import { checkNumber } from "@breakwater/core";
import { rounding, type Booking, type ReservableAlgorithm, type ReservableState } from "./algorithm.ts";

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
 * What a cancelled reservation gives back is the subtle part. Those who booked after it were told their times, which
 * assumed that its tokens were gone; what they have been promised by then stays theirs, and only the rest goes back:
 *
 *     booked        A (2)      B (1)     C (1)          cancel A: B and C keep their times, so of A's two tokens
 *     acts at    ---|----------|---------|---> time     none is free again; cancel C: its one is.
 *
 * Source: golang.org/x/time/rate, `reserveN` and `CancelAt`, with its table of tests.
 */
class TokenBucket implements ReservableAlgorithm {
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
  /** Infinity refills nothing, 0 lets everything through. */
  readonly msPerToken: number;

  constructor(burst: number, msPerToken: number) {
    this.burst = burst;
    this.msPerToken = msPerToken;
    this.limit = msPerToken === 0 ? Infinity : burst;
    this.windowMs = burst === 0 ? 0 : burst * msPerToken;
  }

  fresh(now: number): TokenBucketState {
    return new TokenBucketState(this, now);
  }
}

class TokenBucketState implements ReservableState {
  readonly #bucket: TokenBucket;
  #tokens: number;
  #last: number;
  /** When the last reservation acts. */
  #lastActs = -Infinity;

  constructor(bucket: TokenBucket, now: number) {
    this.#bucket = bucket;
    this.#tokens = bucket.burst;
    this.#last = now;
  }

  tryTake(weight: number, now: number): boolean {
    if (this.#bucket.msPerToken === 0) return true;
    const left = this.#tokensAt(now) - weight;
    if (left < -this.#roundingTokens() || weight > this.#bucket.burst) return false;
    this.#set(left, now);
    this.#lastActs = now;
    return true;
  }

  waitMs(weight: number, now: number, ahead = 0): number {
    const { msPerToken, burst } = this.#bucket;
    if (weight === 0 || msPerToken === 0) return 0;
    if (weight > burst) return Infinity;
    const missing = weight + ahead - this.#tokensAt(now);
    return missing <= this.#roundingTokens() ? 0 : missing * msPerToken;
  }

  reserve(weight: number, now: number, maxDelayMs: number): Booking | undefined {
    const delayMs = this.waitMs(weight, now);
    if (delayMs > maxDelayMs || delayMs === Infinity) return undefined;
    const { msPerToken } = this.#bucket;
    if (msPerToken > 0) {
      this.#set(this.#tokensAt(now) - weight, now);
      this.#lastActs = now + delayMs;
    }
    return { weight, at: now + delayMs, msPerUnit: msPerToken };
  }

  cancel({ weight, at, msPerUnit }: Booking, now: number): void {
    if (msPerUnit === 0 || weight === 0 || at < now) return;
    const promised = msPerUnit === Infinity ? 0 : (this.#lastActs - at) / msPerUnit;
    if (weight - promised <= 0) return;
    this.#set(Math.min(this.#bucket.burst, this.#tokensAt(now) + weight - promised), now);
    if (at !== this.#lastActs) return;
    const before = at - weight * msPerUnit;
    if (before >= now) this.#lastActs = before;
  }

  penalise(weight: number, now: number): void {
    this.#set(this.#tokensAt(now) - weight, now);
  }

  refund(weight: number, now: number): void {
    this.#set(Math.min(this.#bucket.burst, this.#tokensAt(now) + weight), now);
  }

  remaining(now: number): number {
    if (this.#bucket.msPerToken === 0) return Infinity;
    return Math.max(0, Math.floor(this.#tokensAt(now) + this.#roundingTokens()));
  }

  resetAfterMs(now: number): number {
    const missing = this.#bucket.burst - this.#tokensAt(now);
    return missing <= 0 || this.#bucket.msPerToken === 0 ? 0 : missing * this.#bucket.msPerToken;
  }

  #tokensAt(now: number): number {
    const { msPerToken, burst } = this.#bucket;
    const elapsedMs = now - this.#last;
    if (msPerToken === Infinity || elapsedMs <= 0) return this.#tokens;
    return Math.min(burst, this.#tokens + elapsedMs / msPerToken);
  }

  #set(tokens: number, now: number): void {
    this.#tokens = tokens;
    this.#last = now;
  }

  #roundingTokens(): number {
    return rounding / this.#bucket.msPerToken;
  }
}

/**
 * Tokens that drop in evenly; the one to take where places are to be booked ahead.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function tokenBucket({ refillPerSecond, burst }: TokenBucketOptions): ReservableAlgorithm {
  checkNumber("refillPerSecond", refillPerSecond);
  checkNumber("burst", burst, { max: Number.MAX_SAFE_INTEGER });
  return new TokenBucket(burst, 1000 / refillPerSecond);
}
