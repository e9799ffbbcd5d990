import type { CallOutcome } from "./front-measures.ts";

export interface WebSocketFrontEvents {
  /** An upgrade was refused. */
  readonly refused: { readonly status: number; readonly error: unknown };
  /** A connection was ended for what the client sent, did not take, or because it was silent: with which close code, and why. */
  readonly dropped: { readonly code: number; readonly reason: string };
  /** No more calls and connections are taken. */
  readonly stopping: { readonly connections: number; readonly inFlight: number };
  /** Only after its own `stop`. */
  readonly stopped: WebSocketStopReport;
}

/** A snapshot for programs and tests. The counts of calls are by how they ended. */
export interface WebSocketFrontStats extends Readonly<Record<CallOutcome, number>> {
  readonly connections: number;
  readonly inFlight: number;
  /** Requests that were read, and wait for a place of their connection. */
  readonly waiting: number;
  readonly upgradesRefused: number;
  /** Connections that were ended for what the client did, or did not. */
  readonly dropped: number;
  /** Connections that were cut off without a goodbye of the client. */
  readonly terminated: number;
}

/** How a stop went. */
export interface WebSocketStopReport {
  /** Whether all connections had ended within the grace. */
  readonly isDrained: boolean;
  /** What was left then. */
  readonly forced: {
    /** Calls whose signal was aborted. */
    readonly calls: number;
    /** Connections that still were there after `abortMs`, and were cut off. */
    readonly connections: number;
  };
  readonly durationMs: number;
}
