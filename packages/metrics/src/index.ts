export { Metrics, type MetricsOptions, type UnitlessOptions } from "./metrics.ts";
export { type BoundCounter } from "./counter.ts";
export { type BoundUpDownCounter } from "./up-down-counter.ts";
export { type SettableGauge } from "./gauge.ts";
export { type BoundInfo } from "./info.ts";
export { type BoundStateSet } from "./state-set.ts";
export { type BoundHistogram, type HistogramOptions, type HistogramStats, type WindowSummary } from "./histogram.ts";
export { type Summary } from "./distribution.ts";
export { type Exemplar, type ExemplarLabels, type ExemplarSource } from "./exemplar.ts";
export { type CardinalityReport } from "./cardinality.ts";
export { type Kind } from "./definition.ts";
export {
  type BucketSnapshot,
  type DistributionSnapshot,
  type ExemplarSnapshot,
  type HistogramReading,
  type HistogramSnapshot,
  type MetricSnapshot,
  type ScalarSnapshot,
  type SeriesSnapshot,
  type Snapshot,
  type SnapshotSource,
  type StateSetSnapshot,
  type StatesReading,
} from "./snapshot.ts";
export { mergeSnapshots, type MergeOptions } from "./snapshot/merge.ts";
export { type GaugeDescription, type GaugeRule, type GaugeRules } from "./snapshot/gauge-rule.ts";
export { summaryOf } from "./snapshot/summary.ts";
export { unpackCounts } from "./snapshot/counts.ts";
export { contentType, contentTypeOf, type Format } from "./exposition/format.ts";
export { negotiate } from "./exposition/negotiate.ts";
export { expose, renderText, type ExposeOptions } from "./exposition/expose.ts";
export { respond, type ScrapeRequest } from "./exposition/respond.ts";
export { type Exposable, type Registry } from "./exposition/source.ts";
export { InstrumentConflictError } from "./errors.ts";
