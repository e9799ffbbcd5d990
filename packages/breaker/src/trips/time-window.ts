import { checkNumber } from "@breakwater/core";
import { BucketRing } from "../bucket-ring.ts";
import type { Trip, TripReport, TripWindow } from "./trip.ts";

/** The share of failures among the calls of the last while. A call counts when it ends: one longer than the window is not lost. */
class TimeWindow implements TripWindow {
  readonly #settings: Settings;
  readonly #ring: BucketRing;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#ring = new BucketRing(settings.windowMs, settings.buckets);
  }

  record(isFailure: boolean, now: number): void {
    this.#ring.advance(now);
    this.#ring.count();
    if (isFailure) this.#ring.mark();
  }

  verdict(now: number): TripReport | undefined {
    const ring = this.#ring;
    ring.advance(now);
    const { failureRatio, minimumCalls, minimumFailures } = this.#settings;
    if (ring.marked < minimumFailures || ring.calls < minimumCalls || ring.marked / ring.calls < failureRatio) return undefined;
    return { reason: failureRatio === 0 ? "failures" : "failure-ratio", calls: ring.calls, failures: ring.marked };
  }

  isClean(now: number): boolean {
    this.#ring.advance(now);
    return this.#ring.marked === 0;
  }
}

interface Settings {
  readonly windowMs: number;
  readonly buckets: number;
  readonly failureRatio: number;
  readonly minimumCalls: number;
  readonly minimumFailures: number;
}

export interface TimeWindowOptions {
  /** How far back it looks, in ms from 1; Infinity never forgets. */
  readonly windowMs: number;
  /** Trips when failures over calls reaches it: 0 to 1. With 0 it is `minimumFailures` that counts, whatever the share. */
  readonly failureRatio: number;
  /** With fewer calls in the window it never trips: a whole number from 1. Default 20; with a ratio of 0, 1. */
  readonly minimumCalls?: number | undefined;
  /** With fewer failures in the window it never trips: a whole number from 1. Default 1. */
  readonly minimumFailures?: number | undefined;
  /** In how many steps the window moves: a whole number from 2 to 1000. Default 10. */
  readonly buckets?: number | undefined;
}

/**
 * Trips when the share of failures among the calls of the last `windowMs` is `failureRatio` or more. Right for dependencies that
 * fail now and then, with traffic that comes and goes: what is long ago does not count.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function timeWindow(options: TimeWindowOptions): Trip {
  const { windowMs, failureRatio, minimumFailures = 1, buckets = 10 } = options;
  const { minimumCalls = failureRatio === 0 ? 1 : 20 } = options;
  checkNumber("windowMs", windowMs, { min: 1 });
  checkNumber("failureRatio", failureRatio, { max: 1 });
  checkNumber("minimumCalls", minimumCalls, { min: 1, integer: true });
  checkNumber("minimumFailures", minimumFailures, { min: 1, integer: true });
  checkNumber("buckets", buckets, { min: 2, max: 1000, integer: true });
  const settings: Settings = { windowMs, buckets, failureRatio, minimumCalls, minimumFailures };
  return { createWindow: () => new TimeWindow(settings) };
}
