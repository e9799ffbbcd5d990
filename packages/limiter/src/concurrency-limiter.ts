import { FixedLimiter } from "./fixed-limiter.ts";
import { checkLimit, readOptions, type ConcurrencyLimiterOptions } from "./options.ts";

/**
 * Lets so much run at a time; the rest waits in line, or is refused when the line is full. First come, first served, unless
 * `queue` says otherwise. The limit is what you say it is; for one that finds itself, see {@link AdaptiveLimiter}.
 */
export class ConcurrencyLimiter extends FixedLimiter {
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
}
