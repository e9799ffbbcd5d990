import type { Outcome } from "@breakwater/core";
import { Limiter } from "./limiter.ts";
import { checkLimit, readOptions, type ConcurrencyLimiterOptions } from "./options.ts";

/**
 * Lets so much run at a time; the rest waits in line, or is refused when the line is full. First come, first served, unless
 * `queue` says otherwise. The limit is what you say it is; for one that finds itself, see {@link AdaptiveLimiter}.
 */
export class ConcurrencyLimiter extends Limiter {
  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: ConcurrencyLimiterOptions) {
    super(readOptions(options.limit, options));
  }

  /**
   * Changes the limit and returns at once. Down: work in progress goes on, and nothing is admitted until enough of it has
   * ended. Up: whoever now fits is admitted, in order. 0 pauses. `queueLimit` stays what it was.
   *
   * @throws TypeError or RangeError when the limit is no whole number from 0, nor Infinity.
   */
  resize(limit: number): void {
    this.changeLimit(checkLimit(limit));
  }

  /** @internal */
  give(weight: number): void {
    this.semaphore.give(weight);
  }

  protected starts(): undefined {
    // it learns nothing from calls
  }

  protected outcomeOf(): Outcome {
    return "neutral";
  }

  protected follow<T>(result: T | PromiseLike<T>, weight: number): Promise<T> {
    const promise = Promise.resolve(result);
    if (weight === 1) return promise.then(this.#succeeded, this.#failed);
    return promise.then(
      (value) => {
        this.semaphore.give(weight);
        return value;
      },
      (error: unknown) => {
        this.semaphore.give(weight);
        throw error;
      },
    );
  }

  // Bound once: the handlers of every call of weight 1.
  readonly #succeeded = <T>(value: T): T => {
    this.semaphore.give(1);
    return value;
  };

  readonly #failed = (error: unknown): never => {
    this.semaphore.give(1);
    throw error;
  };
}
