import { checkNumber, systemClock, type Clock } from "@breakwater/core";
import { isMainThread } from "node:worker_threads";

/** `process`: everything. `thread`: only what a thread has of its own, which is event loop, heap, GC and resources. */
export type RuntimeScope = "process" | "thread";

export interface RuntimeOptions {
  /**
   * How long the stretches are that event-loop delay and utilization are given for, in ms, from 10. Make it no shorter
   * than the interval of the slowest scrape, or a block can fall between two scrapes unseen. Default 15 000.
   */
  readonly intervalMs?: number | undefined;
  /**
   * How often the event loop's delay is measured, in ms, 1 to 1000, whole. Half the wake-ups cost half, and see blocks
   * from twice the length only. Default 10.
   */
  readonly resolutionMs?: number | undefined;
  /** Default: `process` in the main thread, `thread` in a worker, so that a sum over threads counts the process once. */
  readonly scope?: RuntimeScope | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

/** Complete and checked. */
export interface Settings {
  readonly intervalMs: number;
  readonly resolutionMs: number;
  readonly scope: RuntimeScope;
  readonly clock: Clock;
}

/** @throws TypeError or RangeError naming the option and its value. */
export function checkOptions(options: RuntimeOptions): Settings {
  const { intervalMs = 15_000, resolutionMs = 10, scope = isMainThread ? "process" : "thread", clock = systemClock } = options;
  checkNumber("intervalMs", intervalMs, { min: 10 });
  checkNumber("resolutionMs", resolutionMs, { min: 1, max: 1000, integer: true });
  const given: unknown = scope; // JavaScript may give anything
  if (given !== "process" && given !== "thread") {
    throw new RangeError(`scope must be "process" or "thread", got ${JSON.stringify(given)}`);
  }
  return { intervalMs, resolutionMs, scope, clock };
}
