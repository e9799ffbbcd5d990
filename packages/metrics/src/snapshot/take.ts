import type { Collection, FamilyOf, HistogramSource, Scalar, StatesSource } from "../collection.ts";
import { Distribution } from "../distribution.ts";
import type {
  BucketSnapshot,
  DistributionSnapshot,
  ExemplarSnapshot,
  HistogramReading,
  MetricSnapshot,
  SeriesSnapshot,
  Snapshot,
  StatesReading,
} from "../snapshot.ts";
import { packCounts } from "./counts.ts";
import { finish, seriesPerStep, type Steps } from "./steps.ts";

const noSamples = distribution(new Distribution(), 0);

/** Everything at this moment. */
export function takeSnapshot(collection: Collection): Snapshot {
  return finish(takeSteps(collection));
}

/** The same in steps: then each series is of one moment, and different ones may be of different ones. */
export function* takeSteps(collection: Collection): Steps<Snapshot> {
  const metrics: MetricSnapshot[] = [];
  for (const family of collection.scalars) metrics.push(yield* scalarMetric(family));
  for (const family of collection.histograms) metrics.push(yield* histogramMetric(family, readHistogram));
  for (const family of collection.infos) metrics.push(yield* infoMetric(family));
  for (const family of collection.stateSets) metrics.push(yield* stateSetMetric(family));
  return snapshotOf(collection, metrics);
}

/**
 * What still counts when the process is gone: counters, and histograms with empty windows. No gauge is read, because their
 * readers are the program's.
 */
export function* lastingSteps(collection: Collection): Steps<Snapshot> {
  const metrics: MetricSnapshot[] = [];
  for (const family of collection.scalars) {
    if (family.definition.kind === "counter") metrics.push(yield* scalarMetric(family));
  }
  for (const family of collection.histograms) metrics.push(yield* histogramMetric(family, readAllTime));
  return snapshotOf(collection, metrics);
}

/** The same of a snapshot that is there already. */
export function lastingOf(snapshot: Snapshot): Snapshot {
  const metrics = snapshot.metrics.flatMap((metric): MetricSnapshot[] => {
    if (metric.type === "counter") return [metric];
    if (metric.type !== "histogram") return [];
    return [{ ...metric, series: metric.series.map((series) => ({ ...series, reading: { ...series.reading, windows: {} } })) }];
  });
  return { ...snapshot, metrics };
}

function snapshotOf({ startedAtMs, takenAtMs, windowsMs }: Collection, metrics: readonly MetricSnapshot[]): Snapshot {
  return {
    version: 2,
    startedAtMs,
    takenAtMs,
    windowsMs: [...windowsMs],
    metrics: metrics.filter(({ series }) => series.length > 0).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function* scalarMetric(family: FamilyOf<Scalar>): Steps<MetricSnapshot> {
  const { kind } = family.definition;
  const type = kind === "counter" || kind === "up-down counter" ? kind : "gauge";
  return { ...nameOf(family), type, series: yield* readAll(family, readScalar) };
}

function readScalar({ value, exemplar }: Scalar): Read<number> | undefined {
  if (value === undefined) return undefined;
  return exemplar === undefined ? { reading: value } : { reading: value, exemplar: copyOf(exemplar) };
}

type ReadHistogram = (histogram: HistogramSource, bounds: ArrayLike<number>) => HistogramReading;

function* histogramMetric(family: FamilyOf<HistogramSource>, read: ReadHistogram): Steps<MetricSnapshot> {
  const bounds = family.definition.bounds?.values ?? [];
  return { ...nameOf(family), type: "histogram", series: yield* readAll(family, (histogram) => ({ reading: read(histogram, bounds) })) };
}

function* infoMetric(family: FamilyOf<unknown>): Steps<MetricSnapshot> {
  return { ...nameOf(family), type: "info", series: yield* readAll(family, () => ({ reading: 1 })) };
}

function* stateSetMetric(family: FamilyOf<StatesSource>): Steps<MetricSnapshot> {
  const read = (set: StatesSource): Read<StatesReading> => ({ reading: Object.fromEntries(set.states()) });
  return { ...nameOf(family), type: "state set", series: yield* readAll(family, read) };
}

function readHistogram(histogram: HistogramSource, bounds: ArrayLike<number>): HistogramReading {
  return { buckets: bucketsOf(histogram, bounds), ...distributionsOf(histogram, true), ...exemplarsOf(histogram, bounds.length) };
}

function readAllTime(histogram: HistogramSource, bounds: ArrayLike<number>): HistogramReading {
  return { buckets: bucketsOf(histogram, bounds), ...distributionsOf(histogram, false), ...exemplarsOf(histogram, bounds.length) };
}

function bucketsOf(histogram: HistogramSource, bounds: ArrayLike<number>): BucketSnapshot[] {
  const { cumulative } = histogram.classic();
  return Array.from({ length: bounds.length - 1 }, (_, index) => ({ le: bounds[index] ?? Infinity, count: cumulative[index] ?? 0 }));
}

function distributionsOf(histogram: HistogramSource, hasWindows: boolean): Pick<HistogramReading, "lifetime" | "windows"> {
  const windows: Record<string, DistributionSnapshot> = {};
  let lifetime = noSamples;
  histogram.read((samples, seconds, windowMs) => {
    if (windowMs === Infinity) lifetime = distribution(samples, seconds);
    else if (hasWindows) windows[windowMs] = distribution(samples, seconds);
  });
  return { lifetime, windows };
}

function exemplarsOf(histogram: HistogramSource, buckets: number): Pick<HistogramReading, "exemplars"> {
  const exemplars = readExemplars(histogram, buckets);
  return exemplars === undefined ? {} : { exemplars };
}

function readExemplars(histogram: HistogramSource, buckets: number): Record<string, ExemplarSnapshot> | undefined {
  let exemplars: Record<string, ExemplarSnapshot> | undefined;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const exemplar = histogram.exemplar(bucket);
    if (exemplar !== undefined) (exemplars ??= {})[bucket] = copyOf(exemplar);
  }
  return exemplars;
}

function distribution(samples: Distribution, seconds: number): DistributionSnapshot {
  const { zeros, count, sum, min, max } = samples;
  const ends = count === 0 ? { min: NaN, max: NaN } : { min, max };
  return { scale: 4, ...packCounts(samples.offset, samples.counts), zeros, count, sum, ...ends, seconds };
}

function nameOf({ definition }: FamilyOf<unknown>): Pick<MetricSnapshot, "name" | "unit" | "description"> {
  return { name: definition.name, unit: definition.unit, description: definition.description };
}

function copyOf({ value, labels, atMs }: ExemplarSnapshot): ExemplarSnapshot {
  return { value, labels: { ...labels }, atMs };
}

type Read<Reading> = Omit<SeriesSnapshot<Reading>, "attributes">;

function* readAll<Instrument, Reading>(
  family: FamilyOf<Instrument>,
  read: (instrument: Instrument) => Read<Reading> | undefined,
): Steps<SeriesSnapshot<Reading>[]> {
  const all: SeriesSnapshot<Reading>[] = [];
  for (const { labels, instrument } of family.series()) {
    const series = read(instrument);
    if (series !== undefined && all.push({ attributes: { ...labels.attributes }, ...series }) % seriesPerStep === 0) yield;
  }
  yield; // there may be thousands of families with few series each
  return all;
}
