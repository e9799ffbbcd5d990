import { checkFunction, checkNumber, systemClock, type Attributes, type Clock, type InstrumentOptions, type Meter } from "@breakwater/core";
import type { CardinalityReport } from "./cardinality.ts";
import type { Collection } from "./collection.ts";
import { CounterSeries, type BoundCounter } from "./counter.ts";
import { define } from "./definition.ts";
import { Exemplars, type ExemplarSource } from "./exemplar.ts";
import { Families } from "./families.ts";
import type { Home } from "./family.ts";
import { GaugeSeries, type SettableGauge } from "./gauge.ts";
import { HistogramSeries, type BoundHistogram, type HistogramOptions } from "./histogram.ts";
import { InfoSeries, type BoundInfo } from "./info.ts";
import { ObservedGaugeSeries } from "./observed-gauge.ts";
import { renderText } from "./exposition/expose.ts";
import { takeSnapshot } from "./snapshot/take.ts";
import type { Snapshot } from "./snapshot.ts";
import { checkStates, StateSetSeries, type BoundStateSet } from "./state-set.ts";
import { Tick } from "./tick.ts";
import { UpDownCounterSeries, type BoundUpDownCounter } from "./up-down-counter.ts";
import { WindowPlan } from "./window-plan.ts";

export interface MetricsOptions {
  /** Tells the windows what time it is. Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /**
   * How far back each histogram's windows reach, in ms from 1; up to 8, each a whole multiple of the one before. They move
   * in tenths of their lengths. An empty list switches windows off. Default 10,000, 60,000 and 300,000.
   */
  readonly windowsMs?: readonly number[] | undefined;
  /** Series per instrument, from 1; further ones share an overflow series. Default 2000. */
  readonly maxSeries?: number | undefined;
  /**
   * Asked at every `add` to a counter and every `record` that brings no labels of its own, so let it be quick; e.g. the
   * trace that runs, out of an `AsyncLocalStorage`. Default none, which costs nothing.
   */
  readonly exemplar?: ExemplarSource | undefined;
  /** The time of day of exemplars and snapshots, in ms since 1970. Default `Date.now`. */
  readonly wallClock?: (() => number) | undefined;
}

/** A state set and an info have no unit. */
export type UnitlessOptions = Omit<InstrumentOptions, "unit">;

/**
 * A registry of instruments, and the `Meter` to give to every pattern.
 *
 * Making an instrument checks and looks up; do it once and keep what it returns, which is bound to its attributes. The
 * same name and attributes, in any order, give the same instrument.
 */
export class Metrics implements Meter {
  readonly #plan: WindowPlan;
  readonly #tick: Tick;
  readonly #families: Families;
  readonly #wallClock: () => number;
  readonly #startedAtMs: number;

  /** @throws TypeError or RangeError naming the option and its value. */
  constructor(options: MetricsOptions = {}) {
    const { clock = systemClock, windowsMs = [10_000, 60_000, 300_000], maxSeries = 2000, exemplar, wallClock = Date.now } = options;
    if (exemplar !== undefined) checkFunction("exemplar", exemplar);
    checkFunction("wallClock", wallClock);
    this.#plan = new WindowPlan(windowsMs);
    this.#tick = new Tick(clock, this.#plan.slotMs);
    this.#wallClock = wallClock;
    this.#startedAtMs = wallClock();
    this.#families = new Families({
      maxSeries: checkNumber("maxSeries", maxSeries, { min: 1, integer: true }),
      exemplars: new Exemplars(exemplar, wallClock),
    });
  }

  /**
   * Counts what only goes up: requests, bytes, errors.
   *
   * @throws InstrumentConflictError (`ERR_INSTRUMENT_CONFLICT`) when the name is another instrument's; TypeError or
   * RangeError for a name or an attribute that is not legal.
   */
  counter(name: string, options: InstrumentOptions = {}): BoundCounter {
    const definition = define("counter", name, options);
    return this.#families.bind("counters", definition, options.attributes, (home) => new CounterSeries(home));
  }

  /** Counts what goes up and down: connections, items in a queue. Throws as {@link Metrics.counter} does. */
  upDownCounter(name: string, options: InstrumentOptions = {}): BoundUpDownCounter {
    const definition = define("up-down counter", name, options);
    return this.#families.bind("upDownCounters", definition, options.attributes, (home) => new UpDownCounterSeries(home));
  }

  /**
   * Records a distribution: durations in seconds, sizes in bytes. Throws as {@link Metrics.counter} does, and for
   * buckets that differ from those the name has.
   */
  histogram(name: string, options: HistogramOptions = {}): BoundHistogram {
    const bounds = this.#families.boundsOf(name, options.buckets);
    const definition = define("histogram", name, options, { bounds });
    const make = (home: Home): HistogramSeries => new HistogramSeries(home, bounds, this.#tick, this.#plan);
    return this.#families.bind("histograms", definition, options.attributes, make);
  }

  /**
   * Shows a number that something else keeps, read when somebody looks. Readers of one series are added up. Returns the
   * function that stops it. Throws as {@link Metrics.counter} does.
   */
  gauge(name: string, read: () => number, options: InstrumentOptions = {}): () => void {
    checkFunction("read", read);
    const definition = define("observed gauge", name, options);
    return this.#families.bind("observedGauges", definition, options.attributes, (home) => new ObservedGaugeSeries(home)).observe(read);
  }

  /** Shows a number that you set. Throws as {@link Metrics.counter} does. */
  settableGauge(name: string, options: InstrumentOptions = {}): SettableGauge {
    const definition = define("gauge", name, options);
    return this.#families.bind("gauges", definition, options.attributes, (home) => new GaugeSeries(home));
  }

  /**
   * Facts that do not change while the process runs, such as its version, as attributes of the value 1. In Prometheus the
   * name ends in `_info`. Other attributes make another series. Throws as {@link Metrics.counter} does.
   */
  info(name: string, attributes: Attributes, options: Omit<UnitlessOptions, "attributes"> = {}): BoundInfo {
    const definition = define("info", name, options);
    return this.#families.bind("infos", definition, attributes, (home) => new InfoSeries(home));
  }

  /**
   * Shows which of these states hold, each as a series of 0 or 1. Throws as {@link Metrics.counter} does, and for states
   * that differ from those the name has.
   *
   * @param states - 1 to 100 that differ, of 1 to 1024 characters. The order is that of the exposition.
   */
  stateSet<State extends string>(name: string, states: readonly State[], options: UnitlessOptions = {}): BoundStateSet<State> {
    const list = this.#families.statesOf(name, checkStates(states));
    const definition = define("state set", name, options, { states: list });
    const set: BoundStateSet = this.#families.bind("stateSets", definition, options.attributes, (home) => new StateSetSeries(home, list));
    return set as BoundStateSet<State>; // it keeps to the list, and the type is inferred from that
  }

  /** All instruments as plain data, for programs and JSON. */
  snapshot(): Snapshot {
    return takeSnapshot(this.collection());
  }

  /** All instruments in Prometheus' text format 0.0.4; send it with `contentType`. Histograms as `le` buckets. */
  prometheus(): string {
    return renderText(this);
  }

  /**
   * How many series each instrument has and which attribute makes them, the instrument with the most series first. Computed
   * from the series that are there, in time linear in their number: no memory is held for it between calls.
   */
  cardinality(): readonly CardinalityReport[] {
    return this.#families.cardinality();
  }

  /**
   * Forgets every instrument, its name included, as if the registry were new; for tests. Instruments made before do not
   * throw, and show nowhere.
   */
  clear(): void {
    this.#families.clear();
  }

  /** @internal What expositions read, live. */
  collection(): Collection {
    return { startedAtMs: this.#startedAtMs, takenAtMs: this.#wallClock(), windowsMs: this.#plan.windowsMs, ...this.#families.collection() };
  }
}
