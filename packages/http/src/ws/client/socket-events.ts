import type { SocketData } from "./socket-like.ts";

/** `idle`: `connect` was not called yet. `connecting`: `onOpen` included. `waiting`: for the next attempt to connect. */
export type SocketState = "idle" | "connecting" | "open" | "waiting" | "closed";

export interface SocketEvents {
  /** Connected, and `onOpen` has settled. `connects` counts from 1: above that it is a reconnection. */
  readonly opened: { readonly connects: number };
  /** A connection has ended, or did not come about. */
  readonly disconnected: { readonly code: number; readonly reason: string; readonly cause: unknown };
  /** The next attempt to connect is due in so many ms; `attempt` have failed in a row. */
  readonly waited: { readonly attempt: number; readonly delayMs: number };
  /** A message that is no answer to a request. */
  readonly received: { readonly data: unknown };
  /** Requests that were sent and not answered when the connection was lost; those in `resent` go out once more. */
  readonly lost: { readonly ids: readonly number[]; readonly resent: readonly number[] };
  /** A message made room for a newer one. A request's `data` is its input. */
  readonly dropped: { readonly data: unknown };
  /** It is over: nothing connects again. */
  readonly closed: SocketEnd;
}

/** Counts since it was made; state, `queued` and `pending` as of now. */
export interface SocketStats {
  readonly state: SocketState;
  readonly connects: number;
  /** Messages that wait to be sent. */
  readonly queued: number;
  /** Requests without an answer. */
  readonly pending: number;
  /** Messages and requests that were handed to a connection, repeated ones once more. */
  readonly sent: number;
  /** Messages that were no answers. */
  readonly received: number;
  readonly dropped: number;
  /** Requests that were sent, and lost with their connection. */
  readonly lost: number;
  readonly resent: number;
  /** Answers for which nobody waited any more. */
  readonly lateReplies: number;
}

/** What became of what was under way. */
export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
  /** Messages that were never sent, requests among them. */
  readonly unsent: number;
  /** Requests that were sent, and that the end has left without an answer. */
  readonly unanswered: number;
  /** Why, where it was not closed by its own side: the last error, e.g. of the connection. */
  readonly cause?: unknown;
}

export type { SocketData };
