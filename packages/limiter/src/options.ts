import { checkNumber, noopMeter, systemClock, type Clock, type Meter } from "@breakwater/core";

export interface ConcurrencyLimiterOptions {
  /** How much may run at a time, in weights: a whole number from 0, which admits nothing, or Infinity. */
  readonly limit: number;
  /**
   * How many callers may wait, whatever they weigh: 0 never waits, Infinity always. Default 10 times the limit. It is
   * bounded because a queue that grows without end answers everybody too late: with ten limits' worth waiting, the last
   * waits ten times as long as the work takes.
   */
  readonly queueLimit?: number | undefined;
  /** How long a caller may wait, in ms; the work itself may take longer. Default Infinity. */
  readonly queueTimeoutMs?: number | undefined;
  /** Stands in refusals and measurements. */
  readonly name?: string | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

/** What one call asks for. */
export interface TryAcquireOptions {
  /** How much of the limit it takes, a whole number from 1. Default 1. */
  readonly weight?: number | undefined;
}

export interface AcquireOptions extends TryAcquireOptions {
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

/** @throws TypeError or RangeError naming the option and the value. */
export function checkAcquire(options: AcquireOptions): AcquireOptions & { readonly weight: number } {
  if (options.timeoutMs !== undefined) checkNumber("timeoutMs", options.timeoutMs);
  return { ...options, weight: checkWeight(options.weight ?? 1) };
}
