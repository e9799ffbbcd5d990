import {
  checkFunction,
  checkNumber,
  noopMeter,
  systemClock,
  type Call,
  type Clock,
  type Meter,
  type Outcome,
} from "@breakwater/core";
import { consecutiveFailures, type Trip } from "./trip.ts";

/** Says how a settled call counts. It must not throw; if it does, the call counts as it would without it. */
export type Classify = (result: PromiseSettledResult<unknown>, call: Call) => Outcome;

export interface BreakerOptions {
  /** Stands in refusals and measurements. */
  readonly name?: string | undefined;
  /** When to open. Default {@link consecutiveFailures}(5). */
  readonly trip?: Trip | undefined;
  /** How long to stay open before a probe may go, in ms. Default 30 000; Infinity never probes. */
  readonly breakMs?: number | undefined;
  /** After how long a probe that has not settled loses its place to the next caller, in ms. Default `breakMs`. */
  readonly probeTimeoutMs?: number | undefined;
  /**
   * How results and errors count. By default a value is a success, a refusal and the caller's abort are neutral, and any
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
  const { name, trip = consecutiveFailures(), classify, clock = systemClock, meter = noopMeter } = options;
  const breakMs = checkNumber("breakMs", options.breakMs ?? 30_000);
  const probeTimeoutMs = checkNumber("probeTimeoutMs", options.probeTimeoutMs ?? breakMs);
  checkFunction("trip.createWindow", trip.createWindow);
  if (classify !== undefined) checkFunction("classify", classify);
  return { name, trip, breakMs, probeTimeoutMs, classify, clock, meter };
}
