import { checkFunction, checkNumber, noopMeter, systemClock, type Clock, type Meter } from "@breakwater/core";
import type { Classify } from "./classify.ts";
import { consecutiveFailures, type Trip } from "./trip.ts";

export interface BreakerOptions {
  /** Stands in refusals and measurements. */
  readonly name?: string | undefined;
  /** When to open. Default {@link consecutiveFailures}(5). */
  readonly trip?: Trip | undefined;
  /** How long to stay open before a probe may go, in ms from 1. Default 30,000; Infinity stays open until `reset`. */
  readonly breakMs?: number | undefined;
  /**
   * After how long a probe that has not settled loses its place to the next caller, in ms from 1. Default `breakMs`;
   * Infinity waits for ever.
   */
  readonly probeTimeoutMs?: number | undefined;
  /**
   * How values and errors count. By default a value is a success, a refusal and the caller's abort are neutral, and any
   * other error is a failure.
   */
  readonly classify?: Classify | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface Settings {
  readonly name: string | undefined;
  readonly trip: Trip;
  readonly breakMs: number;
  readonly probeTimeoutMs: number;
  readonly classify: Classify | undefined;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readOptions(options: BreakerOptions): Settings {
  const { name, trip = consecutiveFailures(), breakMs = 30_000, probeTimeoutMs = breakMs, classify } = options;
  const { clock = systemClock, meter = noopMeter } = options;
  checkFunction("trip.createWindow", (trip as Trip | null)?.createWindow); // JavaScript callers may pass anything
  checkNumber("breakMs", breakMs, { min: 1 });
  checkNumber("probeTimeoutMs", probeTimeoutMs, { min: 1 });
  if (classify !== undefined) checkFunction("classify", classify);
  return { name, trip, breakMs, probeTimeoutMs, classify, clock, meter };
}
