/** One sample that stands for its neighbours, and where to find what it came from, e.g. its trace. */
export interface ExemplarSnapshot {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds of the wall clock. */
  readonly atMs: number;
}

/** One series of a metric. */
export interface SeriesSnapshot<Reading> {
  /** Values as text, the empty ones left out. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly reading: Reading;
  /**
   * What rounding left out of a merged sum, the largest part first; absent when nothing was. Merging adds it back, so
   * that totals depend on no order.
   */
  readonly rest?: readonly number[] | undefined;
  /** When a gauge or a state set was read, if not at the snapshot's `takenAtMs`. */
  readonly atMs?: number | undefined;
  /** Of a counter. */
  readonly exemplar?: ExemplarSnapshot | undefined;
}

interface MetricOf<Type, Reading> {
  readonly name: string;
  readonly type: Type;
  /** UCUM; empty when none was given. */
  readonly unit: string;
  readonly description: string;
  readonly series: readonly SeriesSnapshot<Reading>[];
}

/** How many samples were at or below the bound, since the start. */
export interface BucketSnapshot {
  readonly le: number;
  readonly count: number;
}

/**
 * Samples by exponential bucket, as OpenTelemetry numbers them: bucket i holds what is above 2^(i/16) and at most
 * 2^((i+1)/16). Counts add up exactly, which quantiles do not; `summaryOf` makes those.
 */
export interface DistributionSnapshot {
  /** 2^scale buckets to each doubling. */
  readonly scale: 4;
  /** The number of the first bucket in `counts`. */
  readonly offset: number;
  /** Samples of one bucket after the other; a negative number -n stands for n empty ones. */
  readonly counts: readonly number[];
  /** Samples that are zero, or too small to have a bucket. */
  readonly zeros: number;
  readonly count: number;
  readonly sum: number;
  /** What rounding left out of a merged sum, as of a series. */
  readonly rest?: readonly number[] | undefined;
  /** NaN without samples. */
  readonly min: number;
  /** NaN without samples. */
  readonly max: number;
  /** Over which the samples came. */
  readonly seconds: number;
}

export interface HistogramReading {
  /** Cumulative; that of Infinity is `lifetime.count` and left out. */
  readonly buckets: readonly BucketSnapshot[];
  /** Since the start. */
  readonly lifetime: DistributionSnapshot;
  /** Of each window, by its length in milliseconds; one that is left out is empty. */
  readonly windows: Readonly<Record<string, DistributionSnapshot>>;
  /** By the position of their bucket; that of Infinity comes last. */
  readonly exemplars?: Readonly<Record<string, ExemplarSnapshot>> | undefined;
}

/** Whether each state is the present one. */
export type StatesReading = Readonly<Record<string, boolean>>;

export type ScalarSnapshot = MetricOf<"counter" | "up-down counter" | "gauge" | "info", number>;
export type HistogramSnapshot = MetricOf<"histogram", HistogramReading>;
export type StateSetSnapshot = MetricOf<"state set", StatesReading>;
export type MetricSnapshot = ScalarSnapshot | HistogramSnapshot | StateSetSnapshot;

/**
 * Everything at one moment, as plain data of its own: nothing that happens later changes it. It is complete enough to be
 * merged with others exactly. In JSON the numbers NaN and Infinity become null, and null is read as NaN.
 */
export interface Snapshot {
  /** Grows when a reader of the old form would misread the new one. */
  readonly version: 2;
  /** When the registry was made, in milliseconds of the wall clock; of merged ones the earliest. */
  readonly startedAtMs: number;
  /** When this was taken, in milliseconds of the wall clock; of merged ones the latest. */
  readonly takenAtMs: number;
  /** The windows that every histogram has, in milliseconds, the shortest first. */
  readonly windowsMs: readonly number[];
  /** Sorted by name; instruments without a series are left out. */
  readonly metrics: readonly MetricSnapshot[];
}

/** Anything that can be asked for a snapshot: a registry, or several of them put together. */
export interface SnapshotSource {
  snapshot(): Snapshot | Promise<Snapshot>;
}
