import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Metrics, type BoundHistogram } from "@breakwater/metrics";
import { ManualClock } from "@breakwater/core/testing";

let clock: ManualClock;
let metrics: Metrics;
beforeEach(() => {
  clock = new ManualClock(12_345.678);
  metrics = new Metrics({ clock });
});

const countsOf = (histogram: BoundHistogram): number[] => histogram.stats.windows.map(({ count }) => count);

describe("the windows of a histogram", () => {
  it("cover the last 10 s, 1 min and 5 min unless told otherwise, and a sample leaves one after the other, once", () => {
    const histogram = metrics.histogram("h");
    histogram.record(1);
    expect(histogram.stats.windows.map(({ windowMs }) => windowMs)).toEqual([10_000, 60_000, 300_000]);
    const changes: [atMs: number, counts: number[]][] = [];
    for (let atMs = 0; atMs <= 310_000; atMs += 500) {
      const counts = countsOf(histogram);
      if (counts.join() !== changes.at(-1)?.[1].join()) changes.push([atMs, counts]);
      clock.advance(500);
    }
    expect(changes).toEqual([[0, [1, 1, 1]], [10_000, [0, 1, 1]], [60_000, [0, 0, 1]], [300_000, [0, 0, 0]]]);
    expect(histogram.stats.lifetime.count).toBe(1);
  });

  it("have counts of their own in every slot: what is recorded later does not show up in an earlier slot", () => {
    const histogram = metrics.histogram("h");
    histogram.record(1);
    clock.advance(9_999);
    histogram.record(2);
    expect(histogram.stats.window).toMatchObject({ count: 2, min: 1, max: 2 });
    clock.advance(1);
    expect(histogram.stats.window).toMatchObject({ count: 1, min: 2, max: 2 });
  });

  it("give the shortest also as `window`, and each its own rate, mean, max and quantiles", () => {
    const histogram = metrics.histogram("h");
    for (let second = 0; second < 300; second++) {
      for (let n = 0; n < 10; n++) histogram.record(second < 240 ? 4 : second < 290 ? 2 : 1);
      clock.advance(second < 299 ? 1000 : 999);
    }
    const { window, windows, lifetime } = histogram.stats;
    expect(windows[0]).toEqual({ windowMs: 10_000, ...window });
    expect(windows.map(({ count, mean, max, p50 }) => [count, mean, max, p50])).toEqual([[100, 1, 1, 1], [600, 110 / 60, 2, expect.closeTo(2, 1)], [3000, expect.closeTo(1070 / 300), 4, expect.closeTo(4, 0)]]);
    for (const { rate } of [...windows, lifetime]) expect(rate).toBeCloseTo(10, 2);
  });

  it("are empty after an idle gap as long as themselves, also after a gap of years, and all time keeps everything", () => {
    const histogram = metrics.histogram("h");
    for (const gapMs of [300_000, 300_001, 1e12, 1e15]) {
      histogram.record(1);
      clock.advance(gapMs);
      expect(countsOf(histogram)).toEqual([0, 0, 0]);
      expect(histogram.stats.windows.map(({ p50, p999, mean, max, rate }) => [p50, p999, mean, max, rate])).toEqual(new Array(3).fill([NaN, NaN, NaN, NaN, 0]));
    }
    histogram.record(1);
    expect(countsOf(histogram)).toEqual([1, 1, 1]);
    expect(histogram.stats.lifetime).toMatchObject({ count: 5, sum: 5 });
  });

  it("count what is recorded while the loop is blocked as old as the block, and are right when it ends", () => {
    const histogram = metrics.histogram("h");
    histogram.record(1);
    clock.jump(15_000); // no timer can fire
    histogram.record(2);
    expect(countsOf(histogram)).toEqual([0, 2, 2]);
    histogram.record(3); // the read looked at the clock
    expect(histogram.stats.window).toMatchObject({ count: 1, min: 3 });
    clock.advance(0); // the loop turns
    histogram.record(4);
    expect(countsOf(histogram)).toEqual([2, 4, 4]);
  });

  it("stand still when the clock goes back, and lose nothing", () => {
    const histogram = metrics.histogram("h");
    clock.advance(5_000);
    histogram.record(1);
    clock.jump(-60_000);
    clock.advance(0);
    histogram.record(2);
    expect(countsOf(histogram)).toEqual([2, 2, 2]);
    clock.jump(60_000 + 9_999);
    expect(countsOf(histogram)).toEqual([2, 2, 2]);
    clock.jump(1_000);
    expect(countsOf(histogram)).toEqual([0, 2, 2]);
  });

  it("do not read the clock on every record", () => {
    const read = vi.spyOn(clock, "now");
    const histograms = ["a", "b", "c"].map((name) => metrics.histogram(name));
    read.mockClear();
    for (let n = 0; n < 1000; n++) for (const histogram of histograms) histogram.record(n);
    expect(read.mock.calls.length).toBeLessThan(5);
  });

  it("set one timer for all histograms, only after a record, and none that keeps a process alive", () => {
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

  it("can be switched off: all time stays, and there is neither a timer nor a window", () => {
    const histogram = new Metrics({ clock, windowsMs: [] }).histogram("h");
    for (let second = 0; second < 100; second++) {
      histogram.record(second);
      clock.advance(1000);
    }
    expect(clock.pendingTimers).toBe(0);
    const { lifetime, window, windows } = histogram.stats;
    expect(windows).toEqual([]);
    expect(window).toMatchObject({ count: 0, rate: 0, p50: NaN, mean: NaN });
    expect(lifetime).toMatchObject({ count: 100, sum: 4950, min: 0, max: 99, rate: 1 });
  });

  it("have lengths of the user's choice, one millisecond and 2^53 - 1 included", () => {
    const longest = Number.MAX_SAFE_INTEGER;
    const histogram = new Metrics({ clock, windowsMs: [1, longest] }).histogram("h");
    histogram.record(1);
    expect(countsOf(histogram)).toEqual([1, 1]);
    clock.advance(1.1);
    expect(countsOf(histogram)).toEqual([0, 1]);
  });

  it("are not changed by what the caller does to its list", () => {
    const windowsMs = [1000, 2000];
    const own = new Metrics({ clock, windowsMs });
    windowsMs.length = 0;
    expect(own.histogram("h").stats.windows.map(({ windowMs }) => windowMs)).toEqual([1000, 2000]);
  });

  it("hold more than 65,536 samples of one bucket, and forget them all", () => {
    const histogram = metrics.histogram("h");
    for (let n = 0; n < 70_000; n++) histogram.record(n % 2 === 0 ? 1 : 1000);
    for (let n = 0; n < 70_000; n++) histogram.record(1);
    expect(histogram.stats.window).toMatchObject({ count: 140_000, p50: 1 });
    clock.advance(10_000);
    histogram.record(1000);
    expect(histogram.stats.window).toMatchObject({ count: 1, p50: 1000 });
    expect(histogram.stats.windows[1]).toMatchObject({ count: 140_001, sum: 105_000 + 35_000_000 + 1000 });
    clock.advance(600_000);
    histogram.record(1);
    expect(histogram.stats.lifetime).toMatchObject({ count: 140_002 });
  });

  it.each<[unknown, string]>([
    [10_000, "windowsMs must be an array, got number"],
    [[0], "windowsMs[0] must be a number from 1 to 9007199254740991, got 0"],
    [[Infinity], "windowsMs[0] must be a number"],
    [["10"], 'windowsMs[0] must be a number, got "10"'],
    [[10_000, 15_000], "windowsMs must each be a whole multiple of the one before, got 10000 before 15000"],
    [[10, 10], "windowsMs must each be a whole multiple of the one before, got 10 before 10"],
    [[20, 10], "got 20 before 10"],
    [new Array(9).fill(1), "windowsMs.length must be a number from 0 to 8, got 9"],
  ])("refuse the lengths %o", (windowsMs, message) => {
    expect(() => new Metrics({ windowsMs: windowsMs as number[] })).toThrow(message); // what untyped callers do
  });
});

describe("windows against an exact sort", () => {
  const value = fc.oneof(fc.constant(0), fc.double({ min: -20, max: 6, noNaN: true }).map((exponent) => 2 ** exponent));
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant("record" as const), amount: value }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("advance" as const), amount: fc.nat(900) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("advance" as const, "jump" as const), amount: fc.nat(20_000) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("read" as const), amount: fc.constant(0) }) },
  );
  const lengths = fc.tuple(fc.constantFrom(100, 1000), fc.array(fc.integer({ min: 2, max: 7 }), { maxLength: 3 })).map(([shortest, factors]) => {
    const all: number[] = [shortest];
    for (const factor of factors) all.push((all.at(-1) ?? 0) * factor);
    return all;
  });

  it("agree with it for all lengths, whatever is recorded, however time passes, whenever somebody looks", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), lengths, fc.nat(1e6), (steps, windowsMs, startAt) => {
        const own = new ManualClock(startAt);
        const histogram = new Metrics({ clock: own, windowsMs }).histogram("h");
        const samples: { atMs: number; value: number }[] = [];
        const check = (): void => {
          const { windows, lifetime } = histogram.stats;
          windows.forEach((window, index) => {
            const stepMs = (windowsMs[index] ?? 0) / 10;
            const now = Math.floor((own.now() - startAt) / stepMs);
            const inside = samples.filter(({ atMs }) => Math.floor((atMs - startAt) / stepMs) > now - 10);
            expectSummary(window, inside.map((sample) => sample.value));
          });
          expectSummary(lifetime, samples.map((sample) => sample.value));
        };
        for (const { type, amount } of steps) {
          if (type === "record") {
            histogram.record(amount);
            samples.push({ atMs: own.now(), value: amount });
          } else if (type === "advance") own.advance(amount);
          else if (type === "jump") {
            own.jump(amount);
            own.advance(0); // the loop turns after the block
          } else check();
        }
        check();
      }),
      { numRuns: 300 },
    );
  });

  it("report a sum of all time that never falls, however slots are put together", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 10, maxLength: 30 }), (values) => {
        const own = new ManualClock();
        const histogram = new Metrics({ clock: own, windowsMs: [100, 200, 600] }).histogram("h");
        for (const each of values) {
          histogram.record(each);
          own.advance(17);
        }
        const { sum } = histogram.stats.lifetime;
        for (let n = 0; n < 30; n++) {
          histogram.record(0); // moves time on
          own.advance(25);
          expect(histogram.stats.lifetime.sum).toBe(sum);
        }
      }),
      { numRuns: 50 },
    );
  });
});

function expectSummary(got: BoundHistogram["stats"]["lifetime"], values: number[]): void {
  expect(got.count).toBe(values.length);
  if (values.length === 0) return;
  const sorted = [...values].sort((a, b) => a - b);
  const sum = values.reduce((total, each) => total + each, 0);
  expect(Math.abs(got.sum - sum)).toBeLessThanOrEqual(sum * 1e-12);
  expect([got.min, got.max]).toEqual([sorted[0], sorted.at(-1)]);
  for (const [permille, quantile] of [[500, got.p50], [900, got.p90], [950, got.p95], [990, got.p99], [999, got.p999]] as const) {
    const exact = sorted[Math.ceil((permille * sorted.length) / 1000) - 1] ?? NaN;
    expect(Math.abs(quantile - exact)).toBeLessThanOrEqual(exact * 0.0217);
  }
}
