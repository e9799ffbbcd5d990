import { checkFunction, checkNumber, outcomeOfError, warn, type Call, type Outcome } from "@breakwater/core";
import { Limiter } from "../limiter.ts";
import { readOptions, type LimiterOptions } from "../options.ts";
import type { Start } from "../permit.ts";
import { bandwidthDelay } from "./bandwidth-delay.ts";
import type { LimitStrategy, StrategyPolicy } from "./strategy.ts";

export interface AdaptiveLimiterOptions extends LimiterOptions {
  /** How the limit is found. Default `bandwidthDelay()`. */
  readonly strategy?: StrategyPolicy | undefined;
  /** The limit stays from here on, a whole number from 1. Default 1. */
  readonly minLimit?: number | undefined;
  /** And up to here, a whole number, or Infinity. Default 1000. */
  readonly maxLimit?: number | undefined;
  /** How an error of `run` and `layer` counts; undefined leaves it to the default: a failure, unless it is an abort or a refusal. */
  readonly classify?: ((error: unknown, call: Call) => Outcome | undefined) | undefined;
  /** From 0 to 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

// Calls a second that are timed, at most: a reading of the clock costs more than all the rest of a call.
const timedPerMs = 20;
const reviewed = 64;
const longestStride = 16;

/**
 * A limit of concurrency that finds itself: it lets in as much as makes the dependency busy, and no more.
 *
 * Each call that ends is a sample for the strategy: how long its work took, how much was in flight, whether it failed. A
 * neutral outcome (the caller's abort, a refusal further in) gives its place back and says nothing. The time in the
 * limiter's own line is in no sample, or the limiter would react to itself.
 *
 * Reading the clock twice would double the cost of a call, so at high rates only one call in 2 to 16 is timed; the others
 * are counted. Below 20,000 calls a second every call is timed.
 */
export class AdaptiveLimiter extends Limiter {
  readonly #strategy: LimitStrategy;
  readonly #minLimit: number;
  readonly #maxLimit: number;
  readonly #classify: AdaptiveLimiterOptions["classify"];
  /** One call in so many is timed. */
  #stride = 1;
  #untilTimed = 1;
  #timed = 0;
  #reviewedAt = -Infinity;
  /** Calls that ended since the last sample. */
  #completed = 0;
  #failures = 0;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: AdaptiveLimiterOptions = {}) {
    const { strategy = bandwidthDelay(), minLimit = 1, maxLimit = 1000, random = Math.random, classify } = options;
    checkFunction("strategy", strategy);
    checkFunction("random", random);
    if (classify !== undefined) checkFunction("classify", classify);
    checkNumber("minLimit", minLimit, { min: 1, integer: true });
    checkNumber("maxLimit", maxLimit, { min: minLimit, integer: true });
    const made = strategy(random);
    super(readOptions(within(made.initial, minLimit, maxLimit), options));
    this.#strategy = made;
    this.#minLimit = minLimit;
    this.#maxLimit = maxLimit;
    this.#classify = classify;
  }

  /** @internal */
  give(weight: number, outcome: Outcome, start: Start | undefined): void {
    if (outcome !== "neutral") {
      this.#completed += 1;
      if (outcome === "failure") this.#failures += 1;
      if (start !== undefined) this.#tell(start, outcome === "success");
    }
    this.semaphore.give(weight);
  }

  /** @internal */
  starts(): Start | undefined {
    this.#untilTimed -= 1;
    if (this.#untilTimed > 0) return undefined;
    this.#untilTimed = this.#stride;
    return { at: this.clock.now(), inFlight: this.semaphore.inUse };
  }

  /** @internal */
  outcomeOf(error: unknown, call: Call): Outcome {
    try {
      return this.#classify?.(error, call) ?? outcomeOfError(error, call);
    } catch (fault) {
      warn(fault);
      return outcomeOfError(error, call);
    }
  }

  protected follow<T>(result: T | PromiseLike<T>, weight: number, start: Start | undefined, call: Call): Promise<T> {
    const promise = Promise.resolve(result);
    if (start === undefined && weight === 1 && call.signal === undefined && this.#classify === undefined) {
      return promise.then(this.#succeeded, this.#failed);
    }
    return promise.then(
      (value) => {
        this.give(weight, "success", start);
        return value;
      },
      (error: unknown) => {
        this.give(weight, this.outcomeOf(error, call), start);
        throw error;
      },
    );
  }

  // Bound once: the handlers of calls that are not timed.
  readonly #succeeded = <T>(value: T): T => {
    this.#completed += 1;
    this.semaphore.give(1);
    return value;
  };

  readonly #failed = (error: unknown): never => {
    this.give(1, outcomeOfError(error), undefined);
    throw error;
  };

  #tell(start: Start, isSuccess: boolean): void {
    const endedAt = this.clock.now();
    const limit = this.#strategy.sample({
      startedAt: start.at,
      endedAt: Math.max(endedAt, start.at), // a clock that went back
      inFlight: start.inFlight,
      isSuccess,
      completed: this.#completed,
      failed: this.#failures,
    });
    this.#completed = 0;
    this.#failures = 0;
    this.#review(endedAt);
    this.changeLimit(within(limit, this.#minLimit, this.#maxLimit));
  }

  #review(now: number): void {
    this.#timed += 1;
    if (this.#timed < reviewed) return;
    const perMs = this.#timed / (now - this.#reviewedAt);
    if (perMs > timedPerMs) this.#stride = Math.min(2 * this.#stride, longestStride);
    else if (perMs < timedPerMs / 4 && this.#stride > 1) this.#stride /= 2;
    this.#timed = 0;
    this.#reviewedAt = now;
  }
}

function within(limit: number, min: number, max: number): number {
  const whole = Math.floor(limit);
  return whole >= min ? Math.min(whole, max) : min; // NaN is none
}
