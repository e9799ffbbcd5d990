/** Why a try was told to stop. */
export type HedgeLostReason = "won" | "failed";

/**
 * The reason with which the signal of a try is aborted that is not needed any more: another try has answered (`won`), or has ended
 * the call with an error that no try can mend (`failed`). No caller sees it, because the call has settled by then; the work does,
 * and whatever is between, for which an aborted signal is neutral. It captures no stack.
 */
export class HedgeLostError extends Error {
  readonly code = "ERR_HEDGE_LOST";
  readonly reason: HedgeLostReason;
  /** Which try has ended the call: 1 is the first one, 2 the first hedge. */
  readonly attempt: number;
  /** The name of the hedge. */
  readonly source: string | undefined;

  static {
    this.prototype.name = "HedgeLostError";
  }

  constructor(reason: HedgeLostReason, attempt: number, source?: string) {
    const limit = Error.stackTraceLimit;
    limitStack(0);
    super(`try ${attempt}${source === undefined ? "" : ` of ${source}`} ${reason === "won" ? "answered first" : "ended the call"}`);
    limitStack(limit);
    this.reason = reason;
    this.attempt = attempt;
    this.source = source;
  }
}

// In a hardened program the limit cannot be written, and the error keeps its stack.
function limitStack(frames: number): void {
  try {
    Error.stackTraceLimit = frames;
  } catch {
    // it stays as it is
  }
}
