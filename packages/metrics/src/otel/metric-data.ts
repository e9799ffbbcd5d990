/**
 * The data model of OpenTelemetry's metrics SDK, as far as a producer speaks it. Written out here so that neither this
 * package's code nor its types need the SDK; a test holds it against the SDK's own types.
 */
import type { Attributes, HrTime } from "@opentelemetry/api";

/** `DataPointType` of the SDK. */
export const exponentialHistogram = 1;
export const gauge = 2;
export const sum = 3;
/** `AggregationTemporality` of the SDK: everything since the start. */
export const cumulative = 1;

export interface DataPoint<Value> {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: Attributes;
  readonly value: Value;
}

interface BucketCounts {
  offset: number;
  bucketCounts: number[];
}

export interface ExponentialHistogram {
  count: number;
  sum?: number;
  scale: number;
  zeroCount: number;
  positive: BucketCounts;
  negative: BucketCounts;
  min?: number;
  max?: number;
}

interface Described {
  readonly descriptor: { readonly name: string; readonly description: string; readonly unit: string; readonly valueType: 1 };
  readonly aggregationTemporality: typeof cumulative;
}

export interface SumData extends Described {
  readonly dataPointType: typeof sum;
  readonly isMonotonic: boolean;
  readonly dataPoints: DataPoint<number>[];
}

export interface GaugeData extends Described {
  readonly dataPointType: typeof gauge;
  readonly dataPoints: DataPoint<number>[];
}

export interface ExponentialHistogramData extends Described {
  readonly dataPointType: typeof exponentialHistogram;
  readonly dataPoints: DataPoint<ExponentialHistogram>[];
}

export type MetricData = SumData | GaugeData | ExponentialHistogramData;

/** Who made the data; the reader puts its own in place of this. */
export interface EmptyResource {
  readonly attributes: Attributes;
  merge<Other>(other: Other | null): Other | EmptyResource;
  getRawAttributes(): [];
}

export interface ProducedMetrics {
  readonly resourceMetrics: {
    resource: EmptyResource;
    scopeMetrics: { scope: { readonly name: string; readonly version?: string }; metrics: MetricData[] }[];
  };
  readonly errors: unknown[];
}
