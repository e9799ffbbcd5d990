import type { Summary } from "@breakwater/metrics";

/** A distribution of durations, in ms. NaN where nothing was measured. */
export interface Times {
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** The mean is exact; the quantiles are within a few per cent, as the histogram says. */
export function inMilliseconds({ mean, p50, p95, p99 }: Summary): Times {
  return { mean: mean * 1000, p50: p50 * 1000, p95: p95 * 1000, p99: p99 * 1000 };
}
