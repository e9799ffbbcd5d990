import { exposedName } from "../definition.ts";
import { labelsOf } from "../labels.ts";
import type { HistogramReading, HistogramSnapshot, ScalarSnapshot, SeriesSnapshot, Snapshot, StateSetSnapshot } from "../snapshot.ts";
import type { BucketsReading, Exposed, ExposedExemplar, ExposedFamily, ExposedSeries, ScalarReading, StatesReading } from "./exposed.ts";

/**
 * A snapshot in the form of live instruments, so that there is one way to write both.
 *
 * What a registry holds ready, a snapshot has to be asked for: names, label text, buckets. They are made series by
 * series, when they are written, which keeps the turns of a streamed scrape short.
 */
export function exposedOfSnapshot({ metrics }: Snapshot): Exposed {
  const scalars: ExposedFamily<ScalarReading>[] = [];
  const histograms: ExposedFamily<BucketsReading>[] = [];
  const infos: ExposedFamily<unknown>[] = [];
  const stateSets: ExposedFamily<StatesReading>[] = [];
  for (const metric of metrics) {
    if (metric.type === "histogram") histograms.push(new FrozenFamily(metric, FrozenBuckets, new FrozenBounds(metric)));
    else if (metric.type === "state set") stateSets.push(new FrozenFamily(metric, FrozenStates, undefined));
    else (metric.type === "info" ? infos : scalars).push(new FrozenFamily(metric, FrozenScalar, undefined));
  }
  return { scalars, histograms, infos, stateSets };
}

type Metric<Reading> = (ScalarSnapshot | HistogramSnapshot | StateSetSnapshot) & { readonly series: readonly SeriesSnapshot<Reading>[] };
type Instrument<Reading, Exposing> = new (series: SeriesSnapshot<Reading>) => Exposing;

class FrozenFamily<Reading, Exposing> implements ExposedFamily<Exposing> {
  readonly definition: ExposedFamily<Exposing>["definition"];
  readonly #series: readonly SeriesSnapshot<Reading>[];
  readonly #Instrument: Instrument<Reading, Exposing>;

  constructor(metric: Metric<Reading>, Instrument: Instrument<Reading, Exposing>, bounds: FrozenBounds | undefined) {
    const { type: kind, name, unit, description, series } = metric;
    this.definition = { kind, name, unit, description, bounds };
    this.#series = series;
    this.#Instrument = Instrument;
  }

  get exposedName(): string {
    return exposedName(this.definition);
  }

  *series(): Iterable<ExposedSeries<Exposing>> {
    for (const one of this.#series) yield new FrozenSeries(one, this.#Instrument);
  }
}

class FrozenBounds {
  readonly #metric: HistogramSnapshot;

  constructor(metric: HistogramSnapshot) {
    this.#metric = metric;
  }

  /** Those of the first series, which all of them have. */
  get values(): readonly number[] {
    return [...(this.#metric.series[0]?.reading.buckets ?? []).map(({ le }) => le), Infinity];
  }
}

class FrozenSeries<Reading, Exposing> implements ExposedSeries<Exposing> {
  readonly #series: SeriesSnapshot<Reading>;
  readonly #Instrument: Instrument<Reading, Exposing>;

  constructor(series: SeriesSnapshot<Reading>, Instrument: Instrument<Reading, Exposing>) {
    this.#series = series;
    this.#Instrument = Instrument;
  }

  get labels(): { readonly text: string } {
    return labelsOf(this.#series.attributes);
  }

  get instrument(): Exposing {
    return new this.#Instrument(this.#series);
  }
}

class FrozenScalar implements ScalarReading {
  readonly value: number;
  readonly exemplar: ExposedExemplar | undefined;

  constructor({ reading, exemplar }: SeriesSnapshot<number>) {
    this.value = numberOf(reading);
    this.exemplar = exemplar;
  }
}

class FrozenBuckets implements BucketsReading {
  readonly #reading: HistogramReading;

  constructor({ reading }: SeriesSnapshot<HistogramReading>) {
    this.#reading = reading;
  }

  classic(): { readonly cumulative: readonly number[]; readonly sum: number } {
    const { buckets, lifetime } = this.#reading;
    return { cumulative: [...buckets.map(({ count }) => count), lifetime.count], sum: numberOf(lifetime.sum) };
  }

  exemplar(bucket: number): ExposedExemplar | undefined {
    return this.#reading.exemplars?.[bucket];
  }
}

class FrozenStates implements StatesReading {
  readonly #states: Readonly<Record<string, boolean>>;

  constructor({ reading }: SeriesSnapshot<Readonly<Record<string, boolean>>>) {
    this.#states = reading;
  }

  states(): ReadonlyMap<string, boolean> {
    return new Map(Object.entries(this.#states));
  }
}

// JSON has no NaN and no Infinity; in their place a snapshot that came through it has null.
function numberOf(reading: unknown): number {
  return typeof reading === "number" ? reading : NaN;
}
