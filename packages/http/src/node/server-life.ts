import type { ServerStopReport } from "./stop-options.ts";

/** Where a server is in its life. It goes through it once, from left to right. */
export type ServerState = "new" | "listening" | "lame-duck" | "closing" | "stopped";

export interface HttpServerEvents {
  /** A stop has begun: not ready from now on. */
  stopping: { readonly inFlight: number };
  stopped: ServerStopReport;
}

/** A snapshot for programs and tests. */
export interface HttpServerStats {
  readonly state: ServerState;
  readonly connections: number;
  readonly inFlight: number;
  /** Answered with a status below 500. */
  readonly answered: number;
  /** Answered with 500 or more. */
  readonly failed: number;
  /** The client closed its connection first. */
  readonly gone: number;
  /** What was no request, or did not come in time. */
  readonly malformed: number;
}

/** What lives on a server's connections beside its requests and has to end before it can stop. */
export interface Attachment {
  /** The server takes no more connections: let calls in flight end, then close. */
  close(): void;
  /** The grace is over: abort them. Returns how many there were. */
  abort(reason: unknown): number;
}
