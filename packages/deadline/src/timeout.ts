import type { Call, ResultGuard } from "@breakwater/core";
import { Bounded } from "./bounded.ts";
import type { BoundedRun } from "./bounded-run.ts";
import { Bounds } from "./bounds.ts";
import type { TimeoutEvents } from "./events.ts";
import { checkTimeoutMs, readOptions, type TimeoutOptions } from "./options.ts";
import type { TimeoutStats } from "./stats.ts";

/**
 * One piece of work may take so long: an attempt, a query. It stands inside retry and breaker, and each attempt has the whole time
 * again; prefer {@link Deadline} for the request as a whole.
 *
 * `Result` is what `dispose` takes: with a `dispose` for connections it takes only work that makes connections.
 */
export class Timeout<Result = unknown> extends Bounded<Result, TimeoutEvents<Result>> {
  /** How long one piece of work may take, in ms. */
  readonly timeoutMs: number;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: TimeoutOptions<Result>) {
    const timeoutMs = checkTimeoutMs(options.timeoutMs);
    super(new Bounds(readOptions(options, "cooperative"), "timeout"));
    this.timeoutMs = timeoutMs;
  }

  get stats(): TimeoutStats {
    const { running, abandoned, successes, failures, neutrals, timeouts, lateResults, lateErrors } = this.bounds.counts;
    return { running, abandoned, successes, failures, neutrals, timeouts, lateResults, lateErrors };
  }

  /** @internal */
  protected override begin<T>(call: Call): Promise<never> | BoundedRun<T> {
    const { now } = this.bounds;
    return this.bound<T>(call, now, now + this.timeoutMs, this.timeoutMs);
  }
}

/**
 * The layer of a new {@link Timeout}.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function timeout<Result = unknown>(options: TimeoutOptions<Result>): ResultGuard<Result> {
  return new Timeout(options).layer;
}
