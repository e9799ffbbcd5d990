import type { CircuitState } from "./circuit/circuit.ts";
import type { BreakerMode } from "./events.ts";

/** What a caller meets: `isolated` and `disabled` stand over the state of the circuit. */
export type BreakerState = CircuitState | "isolated" | "disabled";

/** A snapshot for programs and tests. The counts are since the breaker was made, late results and disabled times included. */
export interface BreakerStats {
  readonly state: BreakerState;
  readonly mode: BreakerMode;
  readonly successes: number;
  readonly failures: number;
  readonly neutrals: number;
  readonly rejections: number;
  /** Let through only because it observes. */
  readonly wouldReject: number;
  /** How often it opened, failed probes included. */
  readonly openings: number;
  /** How often it opened without having been well in between, as of now. */
  readonly level: number;
  /** The share of calls that the circuit lets in: less than 1 while a ramp is on, 0 when it is not closed. */
  readonly admissionRatio: number;
}
