import { RejectedError } from "@breakwater/core";

/**
 * Why a limiter refused.
 *
 * - `queue-full`: as many wait as may.
 * - `evicted`: it waited, and made room for another.
 * - `timeout`: the wait took too long, or would have.
 * - `deadline`: the call's own deadline has passed, or would have before its turn.
 * - `too-heavy`: the weight is above the limit, so no wait would help.
 * - `overloaded`: the queue's discipline or a shedder gave it up, so that others are served in time.
 * - `rate`: the rate is used up.
 * - `blocked`: the key was blocked by hand.
 * - `closed`: nothing is admitted any more.
 */
export type LimiterRejectionReason =
  | "queue-full"
  | "evicted"
  | "timeout"
  | "deadline"
  | "too-heavy"
  | "overloaded"
  | "rate"
  | "blocked"
  | "closed";

export interface LimiterRejectedErrorOptions {
  readonly reason: LimiterRejectionReason;
  readonly limit: number;
  readonly source: string | undefined;
  /** After how many ms asking again can help, where that is known. */
  readonly retryAfterMs?: number | undefined;
  /** Default false. */
  readonly degraded?: boolean | undefined;
  readonly cause?: unknown;
}

/** The limiter did not admit the call; the work was not started. */
export class LimiterRejectedError extends RejectedError {
  declare readonly code: "ERR_LIMITER_REJECTED";
  declare readonly reason: LimiterRejectionReason;
  /** The limit at that moment. */
  readonly limit: number;
  /** Whether a stand-in decided, because the limit's shared store could not be reached. */
  readonly degraded: boolean;

  static {
    this.prototype.name = "LimiterRejectedError";
  }

  constructor(message: string, options: LimiterRejectedErrorOptions) {
    super("ERR_LIMITER_REJECTED", message, options);
    this.limit = options.limit;
    this.degraded = options.degraded ?? false;
  }
}
