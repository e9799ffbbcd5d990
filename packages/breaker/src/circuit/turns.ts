import type { FailureVerdict } from "../classify.ts";
import type { TripReport } from "../trips/trip.ts";

/** What a period says when it is over. Whoever hears it puts another in its place before it returns. */
export interface Turns {
  /** Closed: the trip has seen enough. Half-open: too many probes failed. */
  failed(report: TripReport, verdict: FailureVerdict | undefined, cause: unknown): void;
  /** Half-open: enough probes succeeded. */
  passed(): void;
  /** Open: the break is over, and somebody has come. */
  rested(): void;
}
