import fc from "fast-check";
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
    const { lifetime, window } = metrics.histogram("h").stats;
    const empty = { count: 0, sum: 0, rate: 0, mean: NaN, min: NaN, max: NaN, p50: NaN, p90: NaN, p95: NaN, p99: NaN, p999: NaN };
    expect(lifetime).toEqual(empty);
    expect(window).toEqual(empty);
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
});

describe("a window", () => {
  it("has counts of its own in every slot: a sample counts once, and leaves once", () => {
    const histogram = metrics.histogram("h");
    histogram.record(1);
    expect(histogram.stats.window.count).toBe(1);
    clock.advance(9_999);
    histogram.record(2);
    expect(histogram.stats.window.count).toBe(2);
    clock.advance(1);
    expect(histogram.stats.window).toMatchObject({ count: 1, min: 2 });
  });

  it("is empty after an idle gap as long as itself, also after a gap of years, and all time keeps everything", () => {
    const histogram = metrics.histogram("h");
    for (const gapMs of [10_000, 10_001, 1e12, 1e15]) {
      histogram.record(1);
      clock.advance(gapMs);
      expect(histogram.stats.window.count).toBe(0);
    }
    histogram.record(1);
    expect(histogram.stats.window.count).toBe(1);
    expect(histogram.stats.lifetime).toMatchObject({ count: 5, sum: 5 });
  });

  it("counts what is recorded while the loop is blocked as old as the block, and is right when it ends", () => {
    const histogram = metrics.histogram("h");
    histogram.record(1);
    clock.jump(15_000); // no timer can fire
    histogram.record(2);
    expect(histogram.stats.window.count).toBe(0);
    histogram.record(3); // the read looked at the clock
    expect(histogram.stats.window).toMatchObject({ count: 1, min: 3 });
    clock.advance(0); // the loop turns
    histogram.record(4);
    expect(histogram.stats.window.count).toBe(2);
    expect(histogram.stats.lifetime.count).toBe(4);
  });

  it("stands still when the clock goes back, and loses nothing", () => {
    const histogram = metrics.histogram("h");
    clock.advance(5_000);
    histogram.record(1);
    clock.jump(-60_000);
    clock.advance(0);
    histogram.record(2);
    expect(histogram.stats.window.count).toBe(2);
    clock.jump(60_000 + 9_999);
    expect(histogram.stats.window.count).toBe(2);
    clock.jump(1_000);
    expect(histogram.stats.window.count).toBe(0);
  });

  it("does not read the clock on every record", () => {
    const read = vi.spyOn(clock, "now");
    const histograms = ["a", "b", "c"].map((name) => metrics.histogram(name));
    read.mockClear();
    for (let n = 0; n < 1000; n++) for (const histogram of histograms) histogram.record(n);
    expect(read.mock.calls.length).toBeLessThan(5);
  });

  it("sets one timer for all histograms, only after a record, and none that keeps a process alive", () => {
    const histograms = ["a", "b"].map((name) => metrics.histogram(name));
    expect(clock.pendingTimers).toBe(0);
    for (const histogram of histograms) histogram.record(1);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.pendingRefTimers).toBe(0);
    clock.jump(1_500);
    metrics.snapshot();
    for (const histogram of histograms) histogram.record(1);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(60_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it("has a length and a step of the user's choice", () => {
    const histogram = new Metrics({ clock, windowMs: 300, windowSlots: 1 }).histogram("h");
    histogram.record(1);
    clock.advance(299);
    expect(histogram.stats.window.count).toBe(1);
    clock.advance(1);
    expect(histogram.stats.window.count).toBe(0);
  });

  it("agrees with a naive oracle whatever is recorded, however time passes", () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ type: fc.constant("record" as const), value: fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 60, noNaN: true })) }) },
      { weight: 2, arbitrary: fc.record({ type: fc.constant("advance" as const), value: fc.nat(700) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("advance" as const, "jump" as const), value: fc.integer({ min: 0, max: 6_000 }) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant("read" as const), value: fc.constant(0) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 6 }), fc.nat(1e6), (steps, windowSlots, startAt) => {
        const own = new ManualClock(startAt);
        const histogram = new Metrics({ clock: own, windowMs: windowSlots * 250, windowSlots }).histogram("h");
        const samples: { slot: number; value: number }[] = [];
        const slotNow = (): number => Math.floor((own.now() - startAt) / 250);
        const check = (): void => {
          const expected = samples.filter(({ slot }) => slot > slotNow() - windowSlots).map(({ value }) => value);
          const { window, lifetime } = histogram.stats;
          expect(window.count).toBe(expected.length);
          expect(lifetime.count).toBe(samples.length);
          expect(lifetime.sum).toBeCloseTo(samples.reduce((sum, { value }) => sum + value, 0), 6);
          if (expected.length === 0) return;
          expected.sort((a, b) => a - b);
          expect(window.sum).toBeCloseTo(expected.reduce((sum, value) => sum + value, 0), 6);
          expect([window.min, window.max]).toEqual([expected[0], expected.at(-1)]);
          for (const [q, got] of [[0.5, window.p50], [0.9, window.p90], [0.95, window.p95], [0.99, window.p99], [0.999, window.p999]] as const) {
            const exact = expected[Math.ceil(Math.round(q * 1000) * expected.length / 1000) - 1] ?? NaN;
            expect(Math.abs(got - exact)).toBeLessThanOrEqual(exact * 0.0217);
          }
        };
        for (const { type, value } of steps) {
          if (type === "record") {
            histogram.record(value);
            samples.push({ slot: slotNow(), value });
          } else if (type === "advance") own.advance(value);
          else if (type === "jump") {
            own.jump(value);
            own.advance(0); // the loop turns after the block
          } else check();
        }
        check();
      }),
      { numRuns: 300 },
    );
  });

  it("reports a sum of all time that never falls: retiring a slot does not change the rounding", () => {
    const value = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 10, maxLength: 30 }), (values) => {
        const histogram = new Metrics({ clock }).histogram("h");
        for (const each of values) {
          histogram.record(each);
          clock.advance(1_000);
        }
        const { sum } = histogram.stats.lifetime;
        for (let n = 0; n < 12; n++) {
          histogram.record(0); // moves the ring on
          clock.advance(1_000);
          expect(histogram.stats.lifetime.sum).toBe(sum);
        }
      }),
    );
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
