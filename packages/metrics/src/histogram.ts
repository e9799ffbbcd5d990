import type { Histogram, InstrumentOptions } from "@breakwater/core";
import type { Bounds } from "./bounds.ts";
import { bucketCount, bucketOf, largest, smallest } from "./buckets.ts";
import type { HistogramSource, SeeSamples } from "./collection.ts";
import { Distribution, type Summary } from "./distribution.ts";
import type { Exemplar, ExemplarLabels } from "./exemplar.ts";
import type { Home } from "./family.ts";
import { History } from "./history.ts";
import type { Tick } from "./tick.ts";
import type { WindowPlan } from "./window-plan.ts";

const noSamples: Summary = Object.freeze(new Distribution().summary(1));

export interface HistogramOptions extends InstrumentOptions {
  /**
   * Upper bounds of the `le` buckets in Prometheus, increasing and finite, in the histogram's unit; counted exactly.
   * They have nothing to do with the quantiles here. Default: 0.005 to 10, as OpenTelemetry gives for seconds.
   */
  readonly buckets?: readonly number[] | undefined;
}

/** What a window has seen. */
export interface WindowSummary extends Summary {
  /** Its length. */
  readonly windowMs: number;
}

/** What a histogram has seen: since it was made, and in its windows. */
export interface HistogramStats {
  readonly lifetime: Summary;
  /** The shortest window; without samples, for ever, when the registry has none. */
  readonly window: Summary;
  /** All windows, the shortest first. */
  readonly windows: readonly WindowSummary[];
}

/** A histogram bound to its attributes. Keep it: recording costs nanoseconds, finding it again does not. */
export interface BoundHistogram extends Histogram {
  /**
   * Records a finite value from 0 up; durations in seconds. Anything else is left out and counted in
   * `breakwater.metrics.rejected_values`; a measurement never throws into the code that it measures.
   *
   * @param exemplar - says where this value came from, in at most 128 code points of names and values together; longer ones
   * are left out and counted in `breakwater.metrics.dropped_exemplars`. Each `le` bucket keeps its latest. Default: what
   * the registry's `exemplar` answers.
   */
  record(value: number, exemplar?: ExemplarLabels): void;
  /** Merged when read, in time linear in the memory of the series. */
  readonly stats: HistogramStats;
  /** Takes the series out of the registry; what is recorded from then on shows nowhere. Harmless to call again. */
  remove(): void;
}

export interface ClassicBuckets {
  /** For each bound, how many samples were at or below it; the last is for Infinity, and so counts all. */
  readonly cumulative: readonly number[];
  readonly sum: number;
}

export class HistogramSeries implements BoundHistogram, HistogramSource {
  readonly #home: Home;
  readonly #bounds: Bounds;
  readonly #classes: Float64Array;
  readonly #history: History;
  readonly #hasExemplarSource: boolean;
  #exemplars: (Exemplar | undefined)[] | undefined = undefined;

  constructor(home: Home, bounds: Bounds, tick: Tick, plan: WindowPlan) {
    this.#home = home;
    this.#bounds = bounds;
    this.#classes = new Float64Array(bounds.values.length);
    this.#history = new History(tick, plan);
    this.#hasExemplarSource = home.hasExemplarSource;
  }

  record(value: number, exemplar?: ExemplarLabels): void {
    if (typeof value === "number" && value > smallest && value <= largest) {
      const bucket = bucketOf(value);
      const index = this.#bounds.classOf(value, bucket);
      this.#classes[index] = (this.#classes[index] ?? 0) + 1;
      this.#history.current.record(value, bucket);
      if (exemplar !== undefined || this.#hasExemplarSource) this.#keepExemplar(index, value, exemplar);
    } else {
      this.#recordUnusual(value, exemplar);
    }
  }

  get stats(): HistogramStats {
    const windows: WindowSummary[] = [];
    let lifetime = noSamples;
    let window = noSamples;
    this.#history.read((merged, seconds, windowMs) => {
      const summary = merged.summary(seconds);
      if (windowMs === Infinity) {
        lifetime = summary;
      } else {
        if (windows.length === 0) window = summary;
        windows.push({ windowMs, ...summary });
      }
    });
    return { lifetime, window, windows };
  }

  remove(): void {
    this.#home.remove();
  }

  /** For the exposition. Count and buckets are one set of numbers, so they cannot disagree. */
  classic(): ClassicBuckets {
    // A loop: Array.from with a callback is slower, and a scrape does this for each series.
    const cumulative: number[] = [];
    let seen = 0;
    for (const count of this.#classes) cumulative.push((seen += count));
    return { cumulative, sum: this.#history.sum };
  }

  /** The latest of the samples in this `le` bucket, counted from 0, that had one. */
  exemplar(bucket: number): Exemplar | undefined {
    return this.#exemplars?.[bucket];
  }

  read(see: SeeSamples): void {
    this.#history.read(see);
  }

  #keepExemplar(index: number, value: number, labels: ExemplarLabels | undefined): void {
    const exemplar = this.#home.exemplar(value, labels);
    if (exemplar === undefined) return;
    this.#exemplars ??= new Array<Exemplar | undefined>(this.#classes.length).fill(undefined);
    this.#exemplars[index] = exemplar;
  }

  #recordUnusual(given: unknown, exemplar: ExemplarLabels | undefined): void {
    if (typeof given !== "number" || !(given >= 0) || given === Infinity) {
      this.#home.rejected(given);
      return;
    }
    const value = given + 0; // of -0 that makes 0
    const index = this.#bounds.search(value);
    this.#classes[index] = (this.#classes[index] ?? 0) + 1;
    if (value > largest) this.#history.current.record(value, bucketCount - 1);
    else this.#history.current.recordZero(value);
    if (exemplar !== undefined || this.#hasExemplarSource) this.#keepExemplar(index, value, exemplar);
  }
}
