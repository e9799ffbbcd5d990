import { checkFunction, checkNumber, noopMeter, systemClock, type Clock, type Meter } from "@breakwater/core";
import type { QueuePolicy } from "./queue/discipline.ts";
import { fifo } from "./queue/fifo.ts";

/** What all limiters of concurrency have in common. */
export interface LimiterOptions {
  /**
   * How many callers may wait, whatever they weigh: a whole number from 0, which never waits, or Infinity. Default 10
   * times the limit at construction. It is bounded because under overload a line without a bound grows until everybody
   * is served too late to be of use; the last of ten limits' worth waits ten times as long as the work takes.
   */
  readonly queueLimit?: number | undefined;
  /** How much those who wait may weigh together: a whole number from 0, or Infinity, the default. */
  readonly queueWeightLimit?: number | undefined;
  /** How long a caller may wait, in ms from 0. The work itself may take longer. Default Infinity. */
  readonly queueTimeoutMs?: number | undefined;
  /** In which order those who wait are served. Default `fifo()`. */
  readonly queue?: QueuePolicy | undefined;
  /**
   * When the queue is full: `refuse` the newcomer, the default, or `evict` somebody for it. Who that is is up to the queue:
   * the oldest, or the newest of the least important.
   */
  readonly overflow?: "refuse" | "evict" | undefined;
  /** Stands in refusals and measurements. */
  readonly name?: string | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

export interface ConcurrencyLimiterOptions extends LimiterOptions {
  /** How much may run at a time: a whole number from 0, which pauses, or Infinity. */
  readonly limit: number;
}

/** What one call asks for. */
export interface RunOptions {
  /** How much of the limit it takes: a whole number from 1. Default 1. */
  readonly weight?: number | undefined;
  /** Its place in a queue by priority, from 0, the most important. Default the call's own `priority`, or else 0. */
  readonly priority?: number | undefined;
  /** Whom it is counted under in a queue that is fair across keys. Default what `keyOf` makes of the call. */
  readonly key?: unknown;
}

/** How to wait. Every `Call` fits. */
export interface AcquireOptions extends RunOptions {
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
  readonly queueWeightLimit: number;
  readonly queueTimeoutMs: number;
  readonly queue: QueuePolicy;
  readonly evicts: boolean;
  readonly name: string | undefined;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readOptions(limit: number, options: LimiterOptions): Settings {
  checkLimit(limit);
  const { overflow = "refuse", queue = fifo() } = options;
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- callers without types exist
  if (overflow !== "refuse" && overflow !== "evict") {
    throw new RangeError(`overflow must be "refuse" or "evict", got ${String(overflow)}`);
  }
  checkFunction("queue", queue);
  return {
    limit,
    queueLimit: checkNumber("queueLimit", options.queueLimit ?? 10 * limit, { integer: true }),
    queueWeightLimit: checkNumber("queueWeightLimit", options.queueWeightLimit ?? Infinity, { integer: true }),
    queueTimeoutMs: checkNumber("queueTimeoutMs", options.queueTimeoutMs ?? Infinity),
    queue,
    evicts: overflow === "evict",
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

export function checkPriority(priority: number): number {
  return checkNumber("priority", priority);
}
