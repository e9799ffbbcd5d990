import { checkNumber, noopMeter, systemClock, type Clock, type Meter } from "@breakwater/core";
import { checkWeight } from "../options.ts";
import type { RateAlgorithm, RateState, ReservableState } from "./algorithm.ts";

export interface RateLimiterOptions<A extends RateAlgorithm = RateAlgorithm> {
  /** `gcra({ limit: 100, perMs: 60_000 })`, for example; several at once with `allOf`. */
  readonly algorithm: A;
  /** How many callers may wait (for each key), a whole number from 0, which never waits, or Infinity. Default 1000. */
  readonly queueLimit?: number | undefined;
  /** How long a caller may wait, in ms from 0. One that would wait longer is refused at once. Default Infinity. */
  readonly queueTimeoutMs?: number | undefined;
  /** Whether a refused request uses up its weight all the same, up to twice the limit in all. Default false. */
  readonly penalisesRefusals?: boolean | undefined;
  /** Stands in refusals and measurements. */
  readonly name?: string | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

export interface RateWeight {
  /** How much it takes: a whole number from 1. Default 1. */
  readonly weight?: number | undefined;
}

/** How to wait. Every `Call` fits. */
export interface RateAcquireOptions extends RateWeight {
  /** Ends the wait with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait, in ms; 0 does not wait. Default the limiter's `queueTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Until when to wait, in the clock's ms. */
  readonly deadlineAt?: number | undefined;
}

/** How to book. */
export interface ReserveOptions extends RateWeight {
  /** How far ahead, in ms from 0. Default Infinity. */
  readonly maxDelayMs?: number | undefined;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface RateSettings {
  readonly queueLimit: number;
  readonly queueTimeoutMs: number;
  readonly penalisesRefusals: boolean;
  readonly name: string | undefined;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readRateOptions(options: RateLimiterOptions): RateSettings {
  checkAlgorithm(options.algorithm);
  return {
    queueLimit: checkNumber("queueLimit", options.queueLimit ?? 1000, { integer: true }),
    queueTimeoutMs: checkNumber("queueTimeoutMs", options.queueTimeoutMs ?? Infinity),
    penalisesRefusals: options.penalisesRefusals ?? false,
    name: options.name,
    clock: options.clock ?? systemClock,
    meter: options.meter ?? noopMeter,
  };
}

export function checkAlgorithm(algorithm: unknown): void {
  const is = typeof algorithm === "object" && algorithm !== null && "fresh" in algorithm;
  if (!is) throw new TypeError(`algorithm must be one, such as gcra({ limit, perMs }), got ${typeof algorithm}`);
}

/** 1 is what nearly all take: it costs one comparison. */
export function readWeight(weight: number | undefined): number {
  return weight === undefined || weight === 1 ? 1 : checkWeight(weight);
}

export function readMaxDelay({ maxDelayMs = Infinity }: ReserveOptions): number {
  return checkNumber("maxDelayMs", maxDelayMs);
}

export function isReservable(state: RateState): state is ReservableState {
  return "reserve" in state;
}
