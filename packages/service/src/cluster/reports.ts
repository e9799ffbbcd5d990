import type { WorkersFailedError } from "./errors.ts";
import type { WorkerExit, WorkerState, WorkerStopReport } from "./member.ts";

/** Where a fleet of workers is in its life. It goes through it once, from left to right. */
export type FleetState = "new" | "starting" | "running" | "stopping" | "stopped";

/** How a start went. */
export interface FleetStartReport {
  readonly durationMs: number;
  readonly workers: number;
}

/** How a rolling restart went. */
export interface RollingReport {
  /** Whether every worker of before was replaced. */
  readonly isComplete: boolean;
  /** Why not: the replacement did not become ready, and the old ones go on; or a stop came. */
  readonly reason?: "not-ready" | "stopping";
  /** How the replacement ended that did not become ready. */
  readonly exit?: WorkerExit;
  readonly replaced: number;
  /** How those stopped that were replaced. */
  readonly stopped: readonly WorkerStopReport[];
  readonly durationMs: number;
}

/** How it all ended. */
export interface FleetStopReport {
  /** Whether every worker let everything end by itself. */
  readonly isDrained: boolean;
  /** Why nobody asked for this stop. Left out when somebody did. */
  readonly error?: WorkersFailedError;
  readonly workers: readonly WorkerStopReport[];
  readonly durationMs: number;
}

export interface FleetEvents {
  /** A worker takes requests. */
  ready: { readonly id: number; readonly pid: number | undefined; readonly generation: number };
  /** A worker is gone, asked or not. */
  exited: WorkerExit;
  /** A worker that ended unasked is replaced after so long. */
  restarting: { readonly delayMs: number; readonly isExhausted: boolean };
  /** A rolling restart has ended. */
  rolled: RollingReport;
  /** A stop has begun, asked for or not. */
  stopping: { readonly ready: number };
  stopped: FleetStopReport;
}

/** One worker at one moment. */
export interface WorkerStats {
  readonly id: number;
  readonly pid: number | undefined;
  readonly state: WorkerState;
  /** How many rolling restarts had begun when it was made. */
  readonly generation: number;
  /** How long it has been ready; 0 while it is not. */
  readonly readyMs: number;
}

/** A snapshot for programs and tests. */
export interface FleetStats {
  readonly state: FleetState;
  /** How many there should be. */
  readonly target: number;
  readonly ready: number;
  /** Ended unasked since the start. */
  readonly crashes: number;
  /** How many rolling restarts have begun. */
  readonly generation: number;
  readonly workers: readonly WorkerStats[];
}

/** In the words of `@breakwater/health`. */
export interface FleetHealth {
  readonly status: "HEALTHY" | "DEGRADED" | "UNHEALTHY";
  /** For people. */
  readonly reason: string;
}
