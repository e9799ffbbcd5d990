import { RejectedError } from "@breakwater/core";

/**
 * `connections`: as many as may are there. `in-flight`: this connection has as many calls in flight as it may. `draining`: the front
 * takes nothing more, and has not begun this.
 */
export type WebSocketRejectionReason = "connections" | "in-flight" | "draining";

/** The front refused a connection, or a call, before anything was begun. Seen by clients: as a 503, or in the error of a reply. */
export class WebSocketRejectedError extends RejectedError {
  declare readonly code: "ERR_WEBSOCKET_REJECTED";
  declare readonly reason: WebSocketRejectionReason;

  static {
    this.prototype.name = "WebSocketRejectedError";
  }

  constructor(reason: WebSocketRejectionReason, source: string, retryAfterMs: number) {
    super("ERR_WEBSOCKET_REJECTED", `${source}: ${refusals[reason]}`, { reason, source, retryAfterMs });
  }
}

const refusals: Readonly<Record<WebSocketRejectionReason, string>> = {
  connections: "as many connections are open as may",
  "in-flight": "as many calls of this connection are in flight as may",
  draining: "it takes nothing more",
};
