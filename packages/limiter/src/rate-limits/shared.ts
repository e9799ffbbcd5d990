import type { SharedAlgorithm } from "./all-of.ts";
import type { RateAlgorithm, RateState } from "./algorithm.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/** A view of another limiter, as an algorithm: all who use it take from the same. */
class Shared implements SharedAlgorithm {
  readonly source: RateLimiter;
  readonly #count: number;

  constructor(source: RateLimiter, count: number) {
    this.source = source;
    this.#count = count;
  }

  get limit(): number {
    return Math.floor(this.source.algorithm.limit / this.#count);
  }

  get windowMs(): number {
    return this.source.algorithm.windowMs;
  }

  fresh(): RateState {
    return new SharedState(this.source, this.#count);
  }

  times(count: number): RateAlgorithm {
    return new Shared(this.source, this.#count * count);
  }
}

/** The source's own time, its own line and its own block hold, whoever asks. */
class SharedState implements RateState {
  readonly #source: RateLimiter;
  readonly #count: number;

  constructor(source: RateLimiter, count: number) {
    this.#source = source;
    this.#count = count;
  }

  tryTake(weight: number): boolean {
    return this.#source.slot.tryTake(weight * this.#count, this.#source.steadyNow());
  }

  waitMs(weight: number, _now: number, ahead = 0): number {
    return this.#source.slot.waitMs((weight + ahead) * this.#count, this.#source.steadyNow());
  }

  penalise(weight: number): void {
    this.#source.penalise(weight * this.#count);
  }

  refund(weight: number): void {
    this.#source.slot.state.refund(weight * this.#count, this.#source.steadyNow());
    this.#source.slot.wake();
  }

  remaining(): number {
    return Math.floor(this.#source.check(0).remaining / this.#count);
  }

  /** It is never this user's to reset: a key that has nothing but this is like new. */
  resetAfterMs(): number {
    return 0;
  }
}

/**
 * Another limiter's rate as an algorithm, for {@link allOf}: a limit of each user's own, and one for all users together.
 *
 * ```ts
 * const everybody = new RateLimiter({ algorithm: gcra({ limit: 1000, perMs: 1000 }) });
 * new KeyedRateLimiter({ algorithm: allOf(gcra({ limit: 10, perMs: 1000 }), shared(everybody)) });
 * ```
 */
export function shared(limiter: RateLimiter): RateAlgorithm {
  return new Shared(limiter, 1);
}
