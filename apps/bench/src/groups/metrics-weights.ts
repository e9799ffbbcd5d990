import { ManualClock } from "@breakwater/core/testing";
import { Metrics, type BoundHistogram, type MetricsOptions } from "@breakwater/metrics";
import { Histogram, Registry } from "prom-client";
import type { Weight } from "../candidate.ts";

/** As long as the longest window, and the slot that runs. */
const seconds = 301;
const inWindows = 500;

/** One in each bucket between 1 us and 1 min. */
const allBuckets = Array.from({ length: 414 }, (_, index) => 1e-6 * 2 ** (index / 16));

/** Latencies around 20 ms whose logarithms are normally distributed: 95 % of them within 7 and 57 ms. Always the same. */
const latencies = Array.from({ length: 10_000 }, (_, index) => {
  const [one, other] = [((index * 7919) % 10_000) + 1, (index * 104_729) % 10_000];
  return 0.02 * Math.exp(0.53 * Math.sqrt(-2 * Math.log(one / 10_001)) * Math.cos((2 * Math.PI * other) / 10_000));
});
const hundred = (second: number): number[] => latencies.slice((second % 100) * 100, (second % 100) * 100 + 100);

function histograms(count: number, options: MetricsOptions): BoundHistogram[] {
  const metrics = new Metrics({ ...options, maxSeries: Infinity });
  return Array.from({ length: count }, (_, n) => metrics.histogram("duration", { unit: "s", attributes: { n } }));
}

/** Histograms that have each seen these values in every second of their windows. */
function windowed(count: number, valuesOf: (second: number) => readonly number[]): BoundHistogram[] {
  const clock = new ManualClock();
  const all = histograms(count, { clock });
  for (let second = 0; second < seconds; second += 1) {
    const values = valuesOf(second);
    for (const histogram of all) for (const value of values) histogram.record(value);
    clock.advance(1000);
  }
  return all;
}

function withoutWindows(count: number, values: readonly number[]): BoundHistogram[] {
  const all = histograms(count, { windowsMs: [] });
  for (const histogram of all) for (const value of values) histogram.record(value);
  return all;
}

/** Series of one histogram with 14 `le` buckets, their one attribute included. */
export const metricsWeights: readonly Weight[] = [
  { name: "a histogram without windows, latencies around 20 ms", kind: "ours", count: 10_000, make: (count) => withoutWindows(count, latencies.slice(0, 1000)) },
  { name: "a histogram without windows, every bucket from 1 us to 1 min", kind: "ours", count: 10_000, make: (count) => withoutWindows(count, allBuckets) },
  { name: "a histogram with 3 windows, one latency in all", kind: "ours", count: 10_000, make: (count) => windowed(count, (second) => (second === 0 ? [0.02] : [])) },
  { name: "a histogram with 3 windows, one latency a second", kind: "ours", count: inWindows, make: (count) => windowed(Math.min(count, inWindows), (second) => hundred(second).slice(0, 1)) },
  { name: "a histogram with 3 windows, 100 latencies a second", kind: "ours", count: inWindows, make: (count) => windowed(Math.min(count, inWindows), hundred) },
  { name: "a histogram with 3 windows, every bucket in every second", kind: "ours", count: inWindows, make: (count) => windowed(Math.min(count, inWindows), () => allBuckets) },
  {
    name: "prom-client, a child, no window",
    kind: "rival",
    package: "prom-client",
    count: 10_000,
    make: (count) => {
      const histogram = new Histogram({ name: "duration", help: "h", labelNames: ["n"], registers: [new Registry()] });
      for (let n = 0; n < count; n += 1) for (const value of latencies.slice(0, 10)) histogram.labels({ n }).observe(value);
      return histogram;
    },
  },
];
