export { Metrics, type MetricsOptions } from "./metrics.ts";
export { type BoundCounter } from "./counter.ts";
export { type SettableGauge } from "./gauge.ts";
export { type BoundHistogram, type HistogramOptions, type HistogramStats } from "./histogram.ts";
export { type Summary } from "./distribution.ts";
export { type BucketSnapshot, type HistogramReading, type MetricSnapshot, type Snapshot } from "./snapshot.ts";
export { contentType } from "./prometheus.ts";
export { InstrumentConflictError } from "./errors.ts";
