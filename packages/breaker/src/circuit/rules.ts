import type { BreakLength } from "./break-length.ts";
import type { Trip } from "../trips/trip.ts";

/** What a circuit goes by: the options, checked and worked out. Many circuits may share it. */
export interface Rules {
  readonly trip: Trip;
  readonly breakMs: number | BreakLength;
  /** How long it must be closed to lose one level. */
  readonly decayMs: number;
  /** How many results a half-open time takes at most, and how many of them must be successes. */
  readonly probes: number;
  readonly requiredSuccesses: number;
  /** After how long a probe loses its place. */
  readonly probeTimeoutMs: number;
  /** 0 for no ramp. */
  readonly rampMs: number;
  readonly rampFrom: number;
  /** The durations that count as slow, going up. */
  readonly slowMs: readonly number[];
  /** Whether it must be known how long each call takes. */
  readonly isTimed: boolean;
  /** Whether the end of a call must be timed. */
  readonly readsClock: boolean;
  /** In ms, and never goes back. */
  readonly now: () => number;
}
