import { RejectedError } from "@breakwater/core";

/** The call's deadline had passed before it came here; nothing was asked for it. Asking again with the same one does not help. */
export class CoalescingExpiredError extends RejectedError {
  declare readonly code: "ERR_COALESCING_EXPIRED";
  declare readonly reason: "deadline";

  static {
    this.prototype.name = "CoalescingExpiredError";
  }

  /** @internal */
  constructor(source: string | undefined) {
    super("ERR_COALESCING_EXPIRED", `${titleOf(source)}: the call's deadline had passed`, { reason: "deadline", source });
  }
}

/**
 * The call's deadline passed while it waited for shared work. It is no refusal, for the work had been started; that goes on as long
 * as somebody else waits for it.
 */
export class CoalescingTimeoutError extends Error {
  readonly code = "ERR_COALESCING_TIMEOUT" as const;
  readonly reason = "deadline" as const;
  /** The name of the layer. */
  readonly source: string | undefined;

  static {
    this.prototype.name = "CoalescingTimeoutError";
  }

  /** @internal */
  constructor(source: string | undefined) {
    super(`${titleOf(source)}: the call's deadline passed before the shared work ended`);
    this.source = source;
  }
}

function titleOf(source: string | undefined): string {
  return source === undefined ? "coalescing" : `coalescing ${source}`;
}
