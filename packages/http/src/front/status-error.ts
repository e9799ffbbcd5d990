import { checkNumber } from "@breakwater/core";

export interface StatusErrorOptions {
  /** One stable lower-case word that programs may compare. Default `status`. */
  readonly reason?: string | undefined;
  /** Fields of the answer, e.g. `allow` for a 405. Default none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly cause?: unknown;
}

/**
 * Asks a front end for just this status. Thrown by the front ends for requests that they cannot read, and by `decode`, a layer
 * or a handler for what only they can know: 404, 409. With a status below 500 the message is sent to the caller.
 */
export class StatusError extends Error {
  readonly code = "ERR_STATUS";
  /** 400 to 599. */
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>> | undefined;

  static {
    this.prototype.name = "StatusError";
  }

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(status: number, message: string, { reason = "status", headers, cause }: StatusErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = checkNumber("status", status, { min: 400, max: 599, integer: true });
    this.reason = reason;
    this.headers = headers;
  }
}

/** Whether it is one, whichever copy of this module made it. */
export function isStatusError(error: unknown): error is StatusError {
  if (!(error instanceof Error && "code" in error && error.code === "ERR_STATUS" && "status" in error)) return false;
  return typeof error.status === "number" && error.status >= 400 && error.status <= 599;
}
