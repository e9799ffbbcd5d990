import { describe, expect, it, vi } from "vitest";
import { Metrics } from "@breakwater/metrics";
import { delaysOf, utilizationBetween } from "../../src/runtime/event-loop.ts";
import { Fresh } from "../../src/runtime/fresh.ts";
import { Gauges, Total } from "../../src/runtime/probe.ts";
import { mostTypes, watchResources } from "../../src/runtime/resources.ts";

describe("event-loop delay", () => {
  const histogram = (ms: number) => ({ count: 3, min: ms * 1e6, max: 4 * ms * 1e6, mean: 2 * ms * 1e6, stddev: 1e6, percentile: (p: number) => (ms + p) * 1e6 });

  it("is what is above the timer's period, in seconds", () => {
    const { min, max, mean, stddev, p50, p90, p99 } = delaysOf(histogram(20), 10);
    for (const [value, expected] of [[min, 0.01], [max, 0.07], [mean, 0.03], [stddev, 0.001], [p50, 0.06], [p90, 0.1], [p99, 0.109]] as const) {
      expect(value).toBeCloseTo(expected, 9);
    }
  });

  it("is never negative, though a timer may come early", () => {
    expect(delaysOf(histogram(9), 10).min).toBe(0);
  });

  it("is not known without a sample, whatever Node says it were", () => {
    const delays = delaysOf({ count: 0, min: 9223372036854776000, max: 0, mean: NaN, stddev: NaN, percentile: () => 511 }, 10);
    expect(Object.values(delays).every(Number.isNaN)).toBe(true);
  });

  it("has a utilization only over time that passed", () => {
    expect(utilizationBetween({ active: 100, idle: 900 }, { active: 130, idle: 970 })).toBeCloseTo(0.3, 9);
    expect(utilizationBetween({ active: 1, idle: 1 }, { active: 1, idle: 1 })).toBeNaN();
  });
});

describe("a total", () => {
  it("only goes up, and counts the difference", () => {
    const counter = new Metrics().counter("c");
    const total = new Total(counter);
    for (const value of [2, 2, 5, 4, NaN]) total.advanceTo(value);
    expect(counter.value).toBe(5);
  });
});

describe("a reading", () => {
  it("is taken when somebody looks, and serves until it expires", () => {
    let readings = 0;
    const fresh = new Fresh(() => ++readings);
    expect(readings).toBe(0);
    expect([fresh.value, fresh.value]).toEqual([1, 1]);
    fresh.expire();
    expect(readings).toBe(1);
    expect(fresh.value).toBe(2);
  });
});

describe("resource types", () => {
  it("are bounded: what comes after fifty is one series", () => {
    const metrics = new Metrics();
    watchResources(new Gauges(metrics), () => Array.from({ length: mostTypes + 7 }, (_, n) => `Type${n}`));
    const [metric] = metrics.snapshot().metrics;
    expect(metric?.series).toHaveLength(mostTypes + 1);
    expect(metric?.series.at(-1)).toEqual({ attributes: { "v8js.resource.type": "_OTHER" }, reading: 7 });
  });
});

describe("the scope", () => {
  it.each([[true, "process"], [false, "thread"]])("is by itself what it should be where isMainThread is %s", async (isMainThread, scope) => {
    vi.resetModules();
    vi.doMock("node:worker_threads", () => ({ isMainThread }));
    const { checkOptions } = await import("../../src/runtime/options.ts");
    expect(checkOptions({}).scope).toBe(scope);
    vi.doUnmock("node:worker_threads");
  });
});
