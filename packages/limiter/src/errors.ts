import { RejectedError } from "@breakwater/core";

/**
 * Why a limiter refused. `queue-full`: as many wait as may. `timeout`, `deadline`: the wait, or the call, ran out of
 * time. `too-heavy`: the weight is above the limit, so no wait would help. `closed`: nothing is admitted any more.
 */
export type LimiterRejectionReason = "queue-full" | "timeout" | "deadline" | "too-heavy" | "closed";

/** The limiter did not admit the call; the work was not started. */
export class LimiterRejectedError extends RejectedError {
  override readonly name: string = "LimiterRejectedError";
  declare readonly code: "ERR_LIMITER_REJECTED";
  declare readonly reason: LimiterRejectionReason;
  /** The limit at that moment. */
  readonly limit: number;

  /** @internal */
  constructor(reason: LimiterRejectionReason, message: string, limit: number, source: string | undefined) {
    super("ERR_LIMITER_REJECTED", `${source === undefined ? "limiter" : `limiter ${source}`} ${message}`, { reason, source });
    this.limit = limit;
  }
}

/** The refusal in words, with the numbers that made it. */
export function explain(reason: LimiterRejectionReason, weight: number, { limit, inUse, waiting }: Load): string {
  const load = `${inUse} of ${limit} in use, ${waiting} waiting`;
  if (reason === "queue-full") return `has a full queue: ${load}`;
  if (reason === "closed") return "is closed";
  if (reason === "too-heavy") return `admits at most ${limit} at a time, asked for ${weight}`;
  return reason === "timeout" ? `had no room in time: ${load}` : `had no room before the deadline: ${load}`;
}

interface Load {
  readonly limit: number;
  readonly inUse: number;
  readonly waiting: number;
}
