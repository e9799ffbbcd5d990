import { checkFunction, checkNumber, systemClock, type Clock, type InstrumentOptions, type Meter } from "@breakwater/core";
import { Bounds, defaultBounds } from "./bounds.ts";
import { CounterSeries, type BoundCounter } from "./counter.ts";
import { define, Names, type Definition } from "./definition.ts";
import { Diagnostics } from "./diagnostics.ts";
import { Family, type FamilyOptions } from "./family.ts";
import { GaugeSeries, type SettableGauge } from "./gauge.ts";
import { HistogramSeries, type BoundHistogram, type HistogramOptions } from "./histogram.ts";
import { ObservedGaugeSeries } from "./observed-gauge.ts";
import { renderPrometheus } from "./prometheus.ts";
import { takeSnapshot, type Collection, type Snapshot } from "./snapshot.ts";
import { Tick } from "./tick.ts";

export interface MetricsOptions {
  /** Tells the windows what time it is. Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** How far back a histogram's window reaches, from 1 ms. Default 10,000. */
  readonly windowMs?: number | undefined;
  /** Steps in which the window moves on, 1 to 1000; each costs a histogram the memory of its counts. Default 10. */
  readonly windowSlots?: number | undefined;
  /** Series per instrument, from 1; further ones share an overflow series. Default 2000. */
  readonly maxSeries?: number | undefined;
}

/**
 * A registry of instruments, and the `Meter` to give to every pattern.
 *
 * Making an instrument checks and looks up; do it once and keep what it returns, which is bound to its attributes. The
 * same name and attributes, in any order, give the same instrument.
 */
export class Metrics implements Meter {
  readonly #windowMs: number;
  readonly #windowSlots: number;
  readonly #maxSeries: number;
  readonly #tick: Tick;
  readonly #names = new Names();
  readonly #diagnostics = new Diagnostics();
  readonly #counters = new Map<string, Family<CounterSeries>>();
  readonly #gauges = new Map<string, Family<GaugeSeries>>();
  readonly #observed = new Map<string, Family<ObservedGaugeSeries>>();
  readonly #histograms = new Map<string, Family<HistogramSeries>>();

  /** @throws TypeError or RangeError naming the option and its value. */
  constructor(options: MetricsOptions = {}) {
    const { clock = systemClock, windowMs = 10_000, windowSlots = 10, maxSeries = 2000 } = options;
    this.#windowMs = checkNumber("windowMs", windowMs, { min: 1, max: Number.MAX_SAFE_INTEGER });
    this.#windowSlots = checkNumber("windowSlots", windowSlots, { min: 1, max: 1000, integer: true });
    this.#maxSeries = checkNumber("maxSeries", maxSeries, { min: 1, integer: true });
    this.#tick = new Tick(clock, this.#windowMs / this.#windowSlots);
    for (const family of [this.#diagnostics.overflows, this.#diagnostics.rejections]) {
      this.#names.claim(family.definition);
      this.#counters.set(family.definition.name, family);
    }
  }

  /**
   * Counts what only goes up: requests, bytes, errors.
   *
   * @throws InstrumentConflictError (`ERR_INSTRUMENT_CONFLICT`) when the name is another instrument's; TypeError or
   * RangeError for a name or an attribute that is not legal.
   */
  counter(name: string, options: InstrumentOptions = {}): BoundCounter {
    const definition = define("counter", name, options);
    return this.#family(this.#counters, definition, (reject) => new CounterSeries(reject)).bind(options.attributes);
  }

  /**
   * Records a distribution: durations in seconds, sizes in bytes. Throws as {@link Metrics.counter} does, and for
   * buckets that differ from those the name has.
   */
  histogram(name: string, options: HistogramOptions = {}): BoundHistogram {
    const definition = define("histogram", name, options, this.#boundsOf(name, options.buckets));
    const make = (reject: (value: unknown) => void): HistogramSeries =>
      new HistogramSeries(reject, definition.bounds ?? new Bounds(defaultBounds), this.#tick, this.#windowSlots);
    return this.#family(this.#histograms, definition, make).bind(options.attributes);
  }

  /**
   * Shows a number that something else keeps, read when somebody looks. Readers of one series are added up. Returns the
   * function that stops it. Throws as {@link Metrics.counter} does.
   */
  gauge(name: string, read: () => number, options: InstrumentOptions = {}): () => void {
    checkFunction("read", read);
    const definition = define("observed gauge", name, options);
    const family = this.#family(this.#observed, definition, (_, remove) => new ObservedGaugeSeries(remove));
    return family.bind(options.attributes).observe(read);
  }

  /** Shows a number that you set. Throws as {@link Metrics.counter} does. */
  settableGauge(name: string, options: InstrumentOptions = {}): SettableGauge {
    const definition = define("gauge", name, options);
    return this.#family(this.#gauges, definition, (reject) => new GaugeSeries(reject)).bind(options.attributes);
  }

  /** All instruments as plain data, for programs and JSON. */
  snapshot(): Snapshot {
    return takeSnapshot(this.#collection(), this.#windowMs);
  }

  /** All instruments in Prometheus' text format 0.0.4; send it with `contentType`. Histograms as `le` buckets. */
  prometheus(): string {
    return renderPrometheus(this.#collection());
  }

  #family<Instrument>(
    families: Map<string, Family<Instrument>>,
    definition: Definition,
    make: FamilyOptions<Instrument>["make"],
  ): Family<Instrument> {
    const known = families.get(definition.name);
    if (known?.definition.unit === definition.unit && known.definition.bounds === definition.bounds) return known;
    this.#names.claim(definition);
    const family = new Family(definition, { maxSeries: this.#maxSeries, report: this.#diagnostics, make });
    families.set(definition.name, family);
    return family;
  }

  // One object per instrument: its table is shared by the series, and "the same" is one comparison.
  #boundsOf(name: string, buckets: readonly number[] | undefined): Bounds {
    const known = this.#histograms.get(name)?.definition.bounds;
    if (known !== undefined && (buckets === undefined || known.isSameAs(buckets))) return known;
    return new Bounds(buckets ?? defaultBounds);
  }

  #collection(): Collection {
    return {
      scalars: [...this.#counters.values(), ...this.#gauges.values(), ...this.#observed.values()],
      histograms: [...this.#histograms.values()],
    };
  }
}
