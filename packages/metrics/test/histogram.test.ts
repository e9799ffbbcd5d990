import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Metrics } from "@breakwater/metrics";
import { ManualClock } from "@breakwater/core/testing";

let clock: ManualClock;
let metrics: Metrics;
beforeEach(() => {
  clock = new ManualClock(12_345.678);
  metrics = new Metrics({ clock });
});
afterEach(() => void vi.restoreAllMocks());

describe("a histogram", () => {
  it("keeps count, sum, min and max exactly", () => {
    const histogram = metrics.histogram("h");
    for (const value of [0.25, 3, 0.5]) histogram.record(value);
    expect(histogram.stats.lifetime).toMatchObject({ count: 3, sum: 3.75, min: 0.25, max: 3, mean: 1.25 });
  });

  it("counts 0 and -0 as zero", () => {
    const histogram = metrics.histogram("h");
    histogram.record(0);
    histogram.record(-0);
    expect(histogram.stats.window).toMatchObject({ count: 2, sum: 0, min: 0, max: 0, p50: 0, p999: 0 });
  });

  it("takes values that are too small or too large for a bucket of their own", () => {
    const histogram = metrics.histogram("h");
    histogram.record(5e-324);
    histogram.record(1e300);
    expect(histogram.stats.lifetime).toMatchObject({ count: 2, min: 5e-324, max: 1e300, sum: 1e300 });
    expect(histogram.stats.lifetime.p50).toBe(5e-324);
    expect(metrics.prometheus()).toContain('h_bucket{le="0.005"} 1\n');
  });

  it("leaves out negative, NaN, infinite and textual values, counts them, and says so once", () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const histogram = metrics.histogram("h", { unit: "s" });
    const bad: unknown[] = [-1, NaN, Infinity, -Infinity, "5", 5n, Object.create(null), Symbol("s")];
    for (const value of bad) histogram.record(value as number); // what untyped callers do
    expect(histogram.stats.lifetime).toMatchObject({ count: 0, sum: 0 });
    expect(metrics.prometheus()).toContain('breakwater_metrics_rejected_values_total{instrument="h"} 8\n');
    expect(warned).toHaveBeenCalledOnce();
    expect(String(warned.mock.calls[0]?.[0])).toBe(
      'RangeError: histogram "h" with unit "s" and buckets [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] takes finite numbers from 0 up, got -1',
    );
  });

  it("answers NaN to the quantiles, mean, min and max of no samples, and 0 to their rate", () => {
    const { lifetime, window, windows } = metrics.histogram("h").stats;
    const empty = { count: 0, sum: 0, rate: 0, mean: NaN, min: NaN, max: NaN, p50: NaN, p90: NaN, p95: NaN, p99: NaN, p999: NaN };
    expect(lifetime).toEqual(empty);
    expect(window).toEqual(empty);
    expect(windows).toEqual([10_000, 60_000, 300_000].map((windowMs) => ({ windowMs, ...empty })));
  });

  it("gives the rate per second of all time and of the window", () => {
    const histogram = metrics.histogram("h");
    for (let second = 0; second < 40; second++) {
      for (let n = 0; n < (second < 20 ? 10 : 30); n++) histogram.record(1);
      clock.advance(1000);
    }
    clock.advance(-0.001);
    expect(histogram.stats.lifetime.rate).toBeCloseTo(20, 3);
    expect(histogram.stats.window.rate).toBeCloseTo(30, 3);
  });

  it("never divides by no time at all: an age under one slot counts as one slot", () => {
    const histogram = metrics.histogram("h");
    histogram.record(1);
    expect(histogram.stats.window.rate).toBe(1);
    expect(histogram.stats.lifetime.rate).toBe(1);
  });

  it("gives Prometheus the same sum", () => {
    const histogram = metrics.histogram("h");
    for (const each of [0.1, 0.2, 0.3, 1e9]) {
      histogram.record(each);
      clock.advance(4_000);
    }
    expect(metrics.prometheus()).toContain(`h_sum ${histogram.stats.lifetime.sum}\n`);
  });
});
