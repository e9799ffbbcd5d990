import type { Outcome } from "@breakwater/core";
import { Limiter } from "./limiter.ts";

/** A limiter that learns nothing from its calls, neither from how long they take nor from how they end. */
export abstract class FixedLimiter extends Limiter {
  /** @internal */
  give(weight: number): void {
    this.semaphore.give(weight);
  }

  /** @internal */
  starts(): undefined {
    // it learns nothing from calls
  }

  /** @internal */
  outcomeOf(): Outcome {
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
