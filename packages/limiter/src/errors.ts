import { RejectedError } from "@breakwater/core";

/**
 * Why a limiter refused. `queue-full`: as many wait as may. `timeout`: the wait took too long. `deadline`: the call's own
 * deadline has passed. `too-heavy`: the weight is above the limit, so no wait would help. `closed`: nothing is admitted
 * any more.
 */
export type LimiterRejectionReason = "queue-full" | "timeout" | "deadline" | "too-heavy" | "closed";

export interface LimiterRejectedErrorOptions {
  readonly reason: LimiterRejectionReason;
  readonly limit: number;
  readonly source: string | undefined;
  readonly cause?: unknown;
}

/** The limiter did not admit the call; the work was not started. */
export class LimiterRejectedError extends RejectedError {
  declare readonly code: "ERR_LIMITER_REJECTED";
  declare readonly reason: LimiterRejectionReason;
  /** The limit at that moment. */
  readonly limit: number;

  static {
    this.prototype.name = "LimiterRejectedError";
  }

  constructor(message: string, options: LimiterRejectedErrorOptions) {
    super("ERR_LIMITER_REJECTED", message, options);
    this.limit = options.limit;
  }
}
