/**
 * What this package counts, as an additional source of an OpenTelemetry reader.
 *
 * The histograms here are OpenTelemetry's exponential histograms at scale 4 already, so they are handed over bucket by
 * bucket, cumulative since the start: nothing is recorded twice and no bucket is guessed. Observable instruments were
 * rejected: the API has none for histograms.
 */
import { checkFunction } from "@breakwater/core";
import type { HrTime } from "@opentelemetry/api";
import type { DistributionSnapshot, MetricSnapshot, SeriesSnapshot, Snapshot, SnapshotSource } from "../snapshot.ts";
import { unpackCounts } from "../snapshot/counts.ts";
import {
  cumulative,
  exponentialHistogram,
  gauge,
  sum,
  type DataPoint,
  type EmptyResource,
  type ExponentialHistogram,
  type MetricData,
  type ProducedMetrics,
} from "./metric-data.ts";

export interface MetricProducerOptions {
  /** The instrumentation scope that the metrics stand under. Default `@breakwater/metrics`. */
  readonly scope?: { readonly name: string; readonly version?: string } | undefined;
}

/** A `MetricProducer` of OpenTelemetry's SDK. */
export interface MetricProducer {
  collect(): Promise<ProducedMetrics>;
}

/**
 * Has a reader of OpenTelemetry's SDK export this registry, or a `ClusterMetrics`, beside the SDK's own metrics:
 * `new PeriodicExportingMetricReader({ exporter, metricProducers: [metricProducer(metrics)] })`. Counters and up-down
 * counters become sums, histograms exponential histograms at scale 4, infos and state sets sums of 1 and 0 that are not
 * monotonic, as OpenTelemetry has it for OpenMetrics. Always cumulative. A source that fails costs the reader's collection
 * nothing but these metrics; the error is among its `errors`.
 *
 * @throws TypeError for what is no source of snapshots.
 */
export function metricProducer(source: SnapshotSource, options: MetricProducerOptions = {}): MetricProducer {
  checkFunction("source.snapshot", (source as Partial<SnapshotSource> | undefined)?.snapshot);
  const scope = { name: "@breakwater/metrics", ...options.scope };
  return {
    async collect() {
      try {
        const metrics = dataOf(await source.snapshot());
        return { resourceMetrics: { resource, scopeMetrics: [{ scope, metrics }] }, errors: [] };
      } catch (error) {
        return { resourceMetrics: { resource, scopeMetrics: [] }, errors: [error] };
      }
    },
  };
}

const resource: EmptyResource = { attributes: {}, merge: (other) => other ?? resource, getRawAttributes: () => [] };

interface Times {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

function dataOf({ startedAtMs, takenAtMs, metrics }: Snapshot): MetricData[] {
  const times = { startTime: hrTime(startedAtMs), endTime: hrTime(takenAtMs) };
  return metrics.map((metric) => metricData(metric, times)).filter(({ dataPoints }) => dataPoints.length > 0);
}

function metricData(metric: MetricSnapshot, times: Times): MetricData {
  const { name, unit, description } = metric;
  const common = { descriptor: { name, unit, description, valueType: 1 }, aggregationTemporality: cumulative } as const;
  switch (metric.type) {
    case "histogram":
      return { ...common, dataPointType: exponentialHistogram, dataPoints: metric.series.map((series) => point(series, times, exponential(series.reading.lifetime))) };
    case "gauge":
      return { ...common, dataPointType: gauge, dataPoints: metric.series.flatMap((series) => (Number.isNaN(series.reading) ? [] : [point(series, times, series.reading)])) };
    case "state set":
      return { ...common, dataPointType: sum, isMonotonic: false, dataPoints: metric.series.flatMap((series) => statePoints(name, series, times)) };
    default:
      return { ...common, dataPointType: sum, isMonotonic: metric.type === "counter", dataPoints: metric.series.map((series) => point(series, times, series.reading)) };
  }
}

function point<Value>({ attributes }: SeriesSnapshot<unknown>, times: Times, value: Value): DataPoint<Value> {
  return { ...times, attributes: { ...attributes }, value };
}

// OpenMetrics has the state in a label that is called like the metric.
function statePoints(name: string, series: SeriesSnapshot<Readonly<Record<string, boolean>>>, times: Times): DataPoint<number>[] {
  return Object.entries(series.reading).map(([state, isPresent]) => ({
    ...times,
    attributes: { ...series.attributes, [name]: state },
    value: isPresent ? 1 : 0,
  }));
}

/** The same counts in OpenTelemetry's form. Its own exporters write the empty buckets in between, so they are here too. */
function exponential({ scale, offset, counts, zeros, count, sum, min, max }: DistributionSnapshot): ExponentialHistogram {
  const ends = count === 0 ? {} : { min, max };
  return {
    count,
    sum,
    ...ends,
    scale,
    zeroCount: zeros,
    positive: { offset, bucketCounts: unpackCounts(counts) },
    negative: { offset: 0, bucketCounts: [] },
  };
}

function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
