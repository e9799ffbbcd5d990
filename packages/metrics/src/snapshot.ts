import type { Definition } from "./definition.ts";
import type { Summary } from "./distribution.ts";
import type { Family } from "./family.ts";
import type { HistogramSeries } from "./histogram.ts";

/** Anything with one number at a time; undefined while there is none. */
export interface Scalar {
  readonly value: number | undefined;
}

/** All instruments of a registry, by kind. */
export interface Collection {
  readonly scalars: readonly Family<Scalar>[];
  readonly histograms: readonly Family<HistogramSeries>[];
}

interface SeriesOf<Reading> {
  /** Values as text, the empty ones left out. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly reading: Reading;
}

interface MetricOf<Type, Reading> {
  readonly name: string;
  readonly type: Type;
  /** UCUM; empty when none was given. */
  readonly unit: string;
  readonly description: string;
  readonly series: readonly SeriesOf<Reading>[];
}

/** How many samples were at or below the bound, since the start. */
export interface BucketSnapshot {
  readonly le: number;
  readonly count: number;
}

export interface HistogramReading {
  readonly lifetime: Summary;
  readonly window: Summary;
  /** Cumulative; that of Infinity is `lifetime.count` and left out. */
  readonly buckets: readonly BucketSnapshot[];
}

export type MetricSnapshot = MetricOf<"counter" | "gauge", number> | MetricOf<"histogram", HistogramReading>;

/** Everything at one moment, as plain data of its own: nothing that happens later changes it. */
export interface Snapshot {
  /** Grows when a reader of the old form would misread the new one. */
  readonly version: 1;
  /** What `window` covers in each histogram. */
  readonly windowMs: number;
  /** Sorted by name; instruments without a series are left out. NaN, which stands for "no answer", is null in JSON. */
  readonly metrics: readonly MetricSnapshot[];
}

export function takeSnapshot({ scalars, histograms }: Collection, windowMs: number): Snapshot {
  const metrics = [...scalars.map(scalarMetric), ...histograms.map(histogramMetric)];
  return {
    version: 1,
    windowMs,
    metrics: metrics.filter(({ series }) => series.length > 0).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function scalarMetric(family: Family<Scalar>): MetricSnapshot {
  const type = family.definition.kind === "counter" ? "counter" : "gauge";
  return metricOf(type, family.definition, readAll(family, ({ value }) => value));
}

function histogramMetric(family: Family<HistogramSeries>): MetricSnapshot {
  const bounds = family.definition.bounds?.values ?? [];
  return metricOf("histogram", family.definition, readAll(family, (histogram) => readHistogram(histogram, bounds)));
}

function readHistogram(histogram: HistogramSeries, bounds: ArrayLike<number>): HistogramReading {
  const counts = histogram.classic().cumulative.slice(0, -1);
  return { ...histogram.stats, buckets: counts.map((count, index) => ({ le: bounds[index] ?? Infinity, count })) };
}

function metricOf<Type, Reading>(type: Type, definition: Definition, series: SeriesOf<Reading>[]): MetricOf<Type, Reading> {
  const { name, unit, description } = definition;
  return { name, type, unit, description, series };
}

function readAll<Instrument, Reading>(
  family: Family<Instrument>,
  read: (instrument: Instrument) => Reading | undefined,
): SeriesOf<Reading>[] {
  const all: SeriesOf<Reading>[] = [];
  for (const { labels, instrument } of family.series()) {
    const reading = read(instrument);
    if (reading !== undefined) all.push({ attributes: { ...labels.attributes }, reading });
  }
  return all;
}
