import { RejectedError } from "@breakwater/core";

export interface ThrottledErrorOptions {
  /** The share of calls that was held back when this one was, 0 to 1. */
  readonly rejectionRatio: number;
  /** The throttle's name. */
  readonly source?: string | undefined;
  /** The last failure. */
  readonly cause?: unknown;
}

/**
 * The throttle held the call back; the dependency was not asked. There is no `retryAfterMs`: the next call may go or not, as
 * chance has it.
 */
export class ThrottledError extends RejectedError {
  declare readonly code: "ERR_THROTTLED";
  declare readonly reason: "overloaded";
  readonly rejectionRatio: number;

  static {
    this.prototype.name = "ThrottledError";
  }

  constructor({ rejectionRatio, source, cause }: ThrottledErrorOptions) {
    const throttle = source === undefined ? "throttle" : `throttle ${source}`;
    const message = `${throttle} holds back ${Math.round(100 * rejectionRatio)} % of the calls`;
    super("ERR_THROTTLED", message, { reason: "overloaded", source, cause });
    this.rejectionRatio = rejectionRatio;
  }
}
