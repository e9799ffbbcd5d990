import type { Histogram, InstrumentOptions } from "@breakwater/core";
import type { Bounds } from "./bounds.ts";
import { bucketCount, bucketOf, largest, smallest } from "./buckets.ts";
import type { Summary } from "./distribution.ts";
import type { Tick } from "./tick.ts";
import { Window } from "./window.ts";

export interface HistogramOptions extends InstrumentOptions {
  /**
   * Upper bounds of the `le` buckets in Prometheus, increasing and finite, in the histogram's unit; counted exactly.
   * They have nothing to do with the quantiles here. Default: 0.005 to 10, as OpenTelemetry gives for seconds.
   */
  readonly buckets?: readonly number[] | undefined;
}

/** What a histogram has seen: since it was made, and in its window. */
export interface HistogramStats {
  readonly lifetime: Summary;
  readonly window: Summary;
}

/** A histogram bound to its attributes. Keep it: recording costs nanoseconds, finding it again does not. */
export interface BoundHistogram extends Histogram {
  /**
   * Records a finite value from 0 up; durations in seconds. Anything else is left out and counted in
   * `breakwater.metrics.rejected_values`; a measurement never throws into the code that it measures.
   */
  record(value: number): void;
  /** Merged when read, in time linear in the memory of the series. */
  readonly stats: HistogramStats;
}

export interface ClassicBuckets {
  /** For each bound, how many samples were at or below it; the last is for Infinity, and so counts all. */
  readonly cumulative: readonly number[];
  readonly sum: number;
}

export class HistogramSeries implements BoundHistogram {
  readonly #reject: (value: unknown) => void;
  readonly #bounds: Bounds;
  readonly #classes: Float64Array;
  readonly #window: Window;

  constructor(reject: (value: unknown) => void, bounds: Bounds, tick: Tick, slots: number) {
    this.#reject = reject;
    this.#bounds = bounds;
    this.#classes = new Float64Array(bounds.values.length);
    this.#window = new Window(tick, slots);
  }

  record(value: number): void {
    if (typeof value === "number" && value > smallest && value <= largest) {
      const bucket = bucketOf(value);
      this.#count(this.#bounds.classOf(value, bucket));
      this.#window.current.record(value, bucket);
    } else {
      this.#recordUnusual(value);
    }
  }

  get stats(): HistogramStats {
    return this.#window.summarise();
  }

  /** For the exposition. Count and buckets are one set of numbers, so they cannot disagree. */
  classic(): ClassicBuckets {
    let seen = 0;
    return { cumulative: Array.from(this.#classes, (count) => (seen += count)), sum: this.#window.sum };
  }

  #count(index: number): void {
    this.#classes[index] = (this.#classes[index] ?? 0) + 1;
  }

  #recordUnusual(given: unknown): void {
    if (typeof given !== "number" || !(given >= 0) || given === Infinity) {
      this.#reject(given);
      return;
    }
    const value = given + 0; // of -0 that makes 0
    this.#count(this.#bounds.search(value));
    if (value > largest) this.#window.current.record(value, bucketCount - 1);
    else this.#window.current.recordZero(value);
  }
}
