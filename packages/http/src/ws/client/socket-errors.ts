import { RejectedError } from "@breakwater/core";

/** `queue-full`: as many messages wait as may. `evicted`: it waited, and made room for a newer one. `closed`: the socket is, or is about to be. */
export type SocketRejectionReason = "queue-full" | "evicted" | "closed";

/** The message was not sent, and will not be. */
export class SocketRejectedError extends RejectedError {
  declare readonly code: "ERR_SOCKET_REJECTED";
  declare readonly reason: SocketRejectionReason;

  static {
    this.prototype.name = "SocketRejectedError";
  }

  constructor(reason: SocketRejectionReason, source: string | undefined, cause?: unknown) {
    super("ERR_SOCKET_REJECTED", `${titleOf(source)}: ${refusals[reason]}`, { reason, source, cause });
  }
}

const refusals: Readonly<Record<SocketRejectionReason, string>> = {
  "queue-full": "as many messages wait to be sent as may",
  evicted: "the message made room for a newer one",
  closed: "it is closed",
};

export interface SocketLostErrorOptions {
  readonly wasSent: boolean;
  readonly closeCode: number;
  readonly closeReason: string;
  readonly source: string | undefined;
  readonly cause?: unknown;
}

/**
 * The connection was lost before the answer came. It is no refusal: if the request was sent, nobody knows whether it was done.
 * If not, it was not, and may be sent again whatever it is.
 */
export class SocketLostError extends Error {
  readonly code = "ERR_SOCKET_LOST";
  /** Whether the request had been handed to a connection. */
  readonly wasSent: boolean;
  /** With which code the connection was closed; 1006 where nobody said goodbye. */
  readonly closeCode: number;
  readonly closeReason: string;
  readonly source: string | undefined;

  static {
    this.prototype.name = "SocketLostError";
  }

  constructor({ wasSent, closeCode, closeReason, source, cause }: SocketLostErrorOptions) {
    const what = wasSent ? "sent, but not answered" : "not sent";
    super(`${titleOf(source)}: the connection was lost (${closeCode}), and the request was ${what}`, cause === undefined ? undefined : { cause });
    this.wasSent = wasSent;
    this.closeCode = closeCode;
    this.closeReason = closeReason;
    this.source = source;
  }
}

/** The server answered with an error. */
export class SocketReplyError extends Error {
  /** The server's, or `ERR_SOCKET_REPLY` where it gave none. */
  readonly code: string;
  readonly reason: string | undefined;
  /** After how many ms asking again can help, as the server says. */
  readonly retryAfterMs: number | undefined;
  /** What HTTP would have said, where the server says so. */
  readonly status: number | undefined;
  /** All that the server said. */
  readonly reply: unknown;

  static {
    this.prototype.name = "SocketReplyError";
  }

  constructor(reply: unknown) {
    const { code, reason, retryAfterMs, status, message, detail = message, title } = fieldsOf(reply);
    const own = typeof code === "string" ? code : "ERR_SOCKET_REPLY";
    super(typeof detail === "string" ? detail : `the server answered with the error ${typeof title === "string" ? `${title} (${own})` : own}`);
    this.code = own;
    this.reason = typeof reason === "string" ? reason : undefined;
    this.retryAfterMs = typeof retryAfterMs === "number" && retryAfterMs >= 0 ? retryAfterMs : undefined;
    this.status = typeof status === "number" ? status : undefined;
    this.reply = reply;
  }
}

function fieldsOf(reply: unknown): Readonly<Record<string, unknown>> {
  return typeof reply === "object" && reply !== null ? (reply as Readonly<Record<string, unknown>>) : {}; // any object may be asked for a property
}

function titleOf(source: string | undefined): string {
  return source === undefined ? "socket" : `socket ${source}`;
}
