import { checkNumber, isRejected, outcomeOfError, type Call, type Clock, type Outcome } from "@breakwater/core";
import type { HealthOptions } from "@breakwater/health";
import type { Metrics } from "@breakwater/metrics";
import type { Pipeline } from "@breakwater/middleware";
import type { LimiterOption } from "./limiters.ts";
import type { Resource } from "./resources/resource.ts";
import type { SheddingOption } from "./shedding.ts";
import type { Patterns } from "./view/patterns.ts";

export interface ServiceOptions<In, C extends Call, Raw = In> {
  /** Default "service". Names the service in metrics, logs and refusals. */
  readonly name?: string | undefined;
  /**
   * How many requests are served at a time, and how many may wait. Default: no limit. A limiter of your own belongs to
   * the service from then on: a stop waits until it is idle, and closes it.
   */
  readonly limiter?: LimiterOption | undefined;
  /** What every request passes between admission and handler, outermost first. Default: nothing. */
  readonly middleware?: Pipeline<In, C, Raw> | undefined;
  /**
   * What refuses the least important requests, by `call.priority`, before any wait or work is spent on them. Refusals are counted
   * apart, and say nothing about health. One of your own belongs to the service from then on. Default: nothing is shed.
   */
  readonly shedding?: SheddingOption | undefined;
  /** Started in this order, or by what they depend on, and stopped in reverse. Default: none. */
  readonly resources?: readonly Resource[] | undefined;
  /** Thresholds and dependency checks. Its clock and meter are the service's. */
  readonly health?: Omit<HealthOptions, "clock" | "meter" | "name"> | undefined;
  /**
   * What the handlers use, by name: breakers, pools, caches. `inspect()` shows their `stats`, and those that have `health`
   * contribute to the service's. Default: none.
   */
  readonly patterns?: Patterns | undefined;
  /** Where measurements go; share it with the patterns used inside. Default: one of its own. */
  readonly metrics?: Metrics | undefined;
  /** How the error of an admitted request counts. Default {@link outcomeOfRequest}. */
  readonly classify?: ((error: unknown, call: Call) => Outcome) | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

export interface StopOptions {
  /** How long accepted requests may go on, in ms. Default 10 000; 0 aborts them at once. */
  readonly graceMs?: number | undefined;
  /** After that, how long aborted requests may take to let go before the resources go. Default 1 000 ms. */
  readonly abortMs?: number | undefined;
}

/** How to stop, complete and checked. */
export interface CheckedStopOptions {
  readonly graceMs: number;
  readonly abortMs: number;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function checkStopOptions({ graceMs = 10_000, abortMs = 1_000 }: StopOptions): CheckedStopOptions {
  return { graceMs: checkNumber("graceMs", graceMs), abortMs: checkNumber("abortMs", abortMs) };
}

/**
 * How the error of an admitted request counts for the service's health. A refusal *inside* the service, an open breaker
 * or a starved pool, is a failure here, though it is neutral to the pattern next to it: the request was accepted and
 * could not be served. Neutral are the caller's abort and a caller without valid credentials.
 */
export function outcomeOfRequest(error: unknown, call: Call): Outcome {
  if (isRejected(error)) return error.code === "ERR_AUTHENTICATION" || call.signal?.aborted === true ? "neutral" : "failure";
  return outcomeOfError(error, call);
}
