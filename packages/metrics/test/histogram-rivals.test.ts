import { createHistogram } from "node:perf_hooks";
import fc from "fast-check";
import { build } from "hdr-histogram-js";
import { describe, expect, it } from "vitest";
import { Metrics } from "@breakwater/metrics";
import { ManualClock } from "@breakwater/core/testing";

/** Whole microseconds, spread evenly over the octaves from 1 us to 1 min. */
const microseconds = fc.double({ min: 0, max: Math.log2(60e6), noNaN: true }).map((exponent) => Math.round(2 ** exponent));
const samples = fc.array(microseconds, { minLength: 1, maxLength: 300 });
// Node rounds the rank where we and HdrHistogram take its ceiling; of a thousand samples all ranks are whole.
const thousand = fc.array(microseconds, { minLength: 1000, maxLength: 1000 });

// Ours is within 2.2 %, theirs, of three digits, within 0.1 %.
const tolerance = 0.0217 + 0.002;
const quantiles = [["p50", 50], ["p90", 90], ["p95", 95], ["p99", 99], ["p999", 99.9]] as const;

describe("a histogram beside others", () => {
  it("has the count, mean, max and quantiles of an HdrHistogram, for all time and in its windows", () => {
    fc.assert(
      fc.property(samples, (values) => {
        const clock = new ManualClock();
        const ours = new Metrics({ clock }).histogram("h", { unit: "s" });
        const theirs = build({ lowestDiscernibleValue: 1, highestTrackableValue: 120e6, numberOfSignificantValueDigits: 3 });
        for (const value of values) {
          ours.record(value / 1e6);
          theirs.recordValue(value);
          clock.advance(190);
        }
        for (const summary of [ours.stats.lifetime, ours.stats.windows[1], ours.stats.windows[2]]) {
          expect(summary?.count).toBe(theirs.totalCount);
          expect(Math.abs((summary?.mean ?? NaN) * 1e6 - theirs.mean)).toBeLessThanOrEqual(theirs.mean * 0.002);
          expect((summary?.max ?? NaN) * 1e6).toBeCloseTo(Math.max(...values), 3);
          for (const [key, percentile] of quantiles) {
            const expected = theirs.getValueAtPercentile(percentile);
            expect(Math.abs((summary?.[key] ?? NaN) * 1e6 - expected)).toBeLessThanOrEqual(expected * tolerance);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it("has the count, min, max and quantiles of node:perf_hooks' histogram", () => {
    fc.assert(
      fc.property(thousand, (values) => {
        const ours = new Metrics({ clock: new ManualClock() }).histogram("h");
        const theirs = createHistogram();
        for (const value of values) {
          ours.record(value);
          theirs.record(value);
        }
        const { lifetime } = ours.stats;
        expect(lifetime.count).toBe(theirs.count);
        for (const end of ["min", "max"] as const) expect(Math.abs(lifetime[end] - theirs[end])).toBeLessThanOrEqual(theirs[end] * 0.002);
        for (const [key, percentile] of quantiles) {
          const expected = theirs.percentile(percentile);
          expect(Math.abs(lifetime[key] - expected)).toBeLessThanOrEqual(expected * tolerance);
        }
      }),
      { numRuns: 20 },
    );
  });
});
