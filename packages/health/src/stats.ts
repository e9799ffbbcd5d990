import type { HealthStatus } from "./status.ts";

/** A moment's figures, for programs and tests. */
export interface HealthStats {
  readonly status: HealthStatus;
  /** Share of failures in the window; 0 while there are no calls. */
  readonly errorRate: number;
  /** Calls in the window, neutral ones not counted. */
  readonly total: number;
  readonly failures: number;
  /** Changes of the status since the object was built. */
  readonly transitions: number;
  /** Checks that are running. */
  readonly checking: number;
}
