import type { SharedAlgorithm } from "./all-of.ts";
import type { RateAlgorithm, RateState } from "./algorithm.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/** A view of another limiter, as an algorithm: all who use it take from the same. */
class Shared implements SharedAlgorithm {
  readonly source: RateLimiter;
  readonly count: number;

  constructor(source: RateLimiter, count: number) {
    this.source = source;
    this.count = count;
  }

  get limit(): number {
    return Math.floor(this.source.algorithm.limit / this.count);
  }

  get windowMs(): number {
    return this.source.algorithm.windowMs;
  }

  fresh(): RateState {
    return new SharedState(this);
  }

  times(count: number): RateAlgorithm {
    return count === 1 ? this : new Shared(this.source, this.count * count);
  }
}

/** The source's own time, its own line and its own block hold, whoever asks. */
class SharedState implements RateState {
  algorithm: Shared;

  constructor(algorithm: Shared) {
    this.algorithm = algorithm;
  }

  get isBusy(): boolean {
    return this.algorithm.source.shelf.slot.state.isBusy === true;
  }

  tryTake(weight: number): boolean {
    return this.algorithm.source.tryAcquire({ weight: weight * this.algorithm.count }) !== undefined;
  }

  // Those ahead in the user's own line are left out: what they will find here depends on all the others.
  waitMs(weight: number): number {
    const { source, count } = this.algorithm;
    const { desk, slot } = source.shelf;
    if (weight === 0) return 0;
    if (desk.isClosed) return Infinity;
    return Math.max(slot.waitMs(weight * count, desk.time.now()), slot.waiting > 0 ? 1 : 0);
  }

  penalise(weight: number): void {
    this.algorithm.source.penalise(weight * this.algorithm.count);
  }

  refund(weight: number): void {
    const { desk, slot } = this.algorithm.source.shelf;
    desk.refund(slot, weight * this.algorithm.count);
  }

  used(): number {
    const { desk, slot } = this.algorithm.source.shelf;
    return slot.state.used(desk.time.now()) / this.algorithm.count;
  }

  remaining(): number {
    return Math.floor(this.algorithm.source.check(0).remaining / this.algorithm.count);
  }

  /** It is never this user's to reset: a key that has nothing but this is like new. */
  resetAfterMs(): number {
    return 0;
  }

  adopt(algorithm: RateAlgorithm): boolean {
    if (!(algorithm instanceof Shared)) return false;
    this.algorithm = algorithm;
    return true;
  }

  ended(): void {
    const { desk, slot } = this.algorithm.source.shelf;
    desk.ended(slot, slot.state);
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
