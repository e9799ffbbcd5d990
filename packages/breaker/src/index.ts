export { Breaker } from "./breaker.ts";
export type { BreakerOptions } from "./options.ts";
export type { BreakerEvents, BreakerMode } from "./events.ts";
export type { BreakerState, BreakerStats } from "./stats.ts";
export type { BreakerHealth } from "./health.ts";
export type { BreakerPermit } from "./permit.ts";
export type { RunResult } from "./run-result.ts";
export type { Fallback } from "./fallback.ts";
export type { Classify, FailureVerdict, Verdict } from "./classify.ts";
export { BreakerOpenError, type BreakerOpenErrorOptions, type BreakerOpenReason } from "./errors.ts";

export type { Fault, Trip, TripReport, TripWindow } from "./trips/trip.ts";
export { consecutiveFailures } from "./trips/consecutive-failures.ts";
export { countWindow, type CountWindowOptions } from "./trips/count-window.ts";
export { timeWindow, type TimeWindowOptions } from "./trips/time-window.ts";
export { slowCalls, type SlowCallsOptions } from "./trips/slow-calls.ts";
export { allOf, anyOf } from "./trips/combined.ts";
export { faults } from "./trips/faults.ts";
export { exponentialBreak, type BreakLength, type ExponentialBreakOptions, type Opening } from "./circuit/break-length.ts";

export { ManualControl } from "./control/manual-control.ts";
export type { Isolation } from "./control/override.ts";
export type { BreakerSnapshot } from "./control/snapshot.ts";

export { AdaptiveThrottle, type AdaptiveThrottleOptions, type AdaptiveThrottleStats } from "./throttle/adaptive-throttle.ts";
export { ThrottledError, type ThrottledErrorOptions } from "./throttle/errors.ts";
export type { ThrottleEvents } from "./throttle/throttle-gate.ts";

export {
  KeyedBreaker,
  type KeyedBreakerEvents,
  type KeyedBreakerOptions,
  type KeyedBreakerStats,
  type KeyOptions,
} from "./keyed/keyed-breaker.ts";
