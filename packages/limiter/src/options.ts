import { checkNumber, noopMeter, systemClock, type Clock, type Meter } from "@breakwater/core";

export interface ConcurrencyLimiterOptions {
  /** How much may run at a time: a whole number from 0, which pauses, or Infinity. */
  readonly limit: number;
  /**
   * How many callers may wait, whatever they weigh: a whole number from 0, which never waits, or Infinity. Default 10
   * times the limit at construction. It is bounded because under overload a line without a bound grows until everybody
   * is served too late to be of use; the last of ten limits' worth waits ten times as long as the work takes.
   */
  readonly queueLimit?: number | undefined;
  /** How long a caller may wait, in ms from 0. The work itself may take longer. Default Infinity. */
  readonly queueTimeoutMs?: number | undefined;
  /** Stands in refusals and measurements. */
  readonly name?: string | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

export interface Weighted {
  /** How much of the limit it takes: a whole number from 1. Default 1. */
  readonly weight?: number | undefined;
}

/** How to wait. Every `Call` fits. */
export interface AcquireOptions extends Weighted {
  /** Ends the wait with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait, in ms; 0 does not wait. Default the limiter's `queueTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Until when to wait, in the clock's ms. The earlier of the two ends the wait. */
  readonly deadlineAt?: number | undefined;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface Settings {
  readonly limit: number;
  readonly queueLimit: number;
  readonly queueTimeoutMs: number;
  readonly name: string | undefined;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readOptions(options: ConcurrencyLimiterOptions): Settings {
  const limit = checkLimit(options.limit);
  return {
    limit,
    queueLimit: checkNumber("queueLimit", options.queueLimit ?? 10 * limit, { integer: true }),
    queueTimeoutMs: checkNumber("queueTimeoutMs", options.queueTimeoutMs ?? Infinity),
    name: options.name,
    clock: options.clock ?? systemClock,
    meter: options.meter ?? noopMeter,
  };
}

export function checkLimit(limit: number): number {
  return checkNumber("limit", limit, { integer: true });
}

export function checkWeight(weight: number): number {
  return checkNumber("weight", weight, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
}

export function checkTimeout(timeoutMs: number): number {
  return checkNumber("timeoutMs", timeoutMs);
}
