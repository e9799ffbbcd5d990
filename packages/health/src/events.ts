import type { HealthStatus } from "./status.ts";

/** The status was `from` and is `to`. Emitted once per change, when `status` already says `to`. */
export interface HealthChange {
  readonly from: HealthStatus;
  readonly to: HealthStatus;
  /** What made it so, as a sentence. */
  readonly reason: string;
}

export interface HealthEvents {
  readonly changed: HealthChange;
}
