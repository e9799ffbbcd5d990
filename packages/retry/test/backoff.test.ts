import type { RetryContext } from "@breakwater/retry";
import { constant, decorrelatedV2, exponential, linear, type Backoff } from "@breakwater/retry";
import { describe, expect, it } from "vitest";
import { seeded } from "./helpers.ts";

const context: RetryContext = { attempt: 1, call: {}, outcome: "failure", giveUp: undefined };

/** The first delays of one call. */
function delays(backoff: Backoff, count: number, random: () => number = () => 0.5): number[] {
  const delayOf = backoff.start(random);
  return Array.from({ length: count }, (_, index) => delayOf(index + 1, context));
}

/** The delays after each attempt, over many calls, sorted. */
function samples(backoff: Backoff, count: number, runs: number): number[][] {
  const random = seeded(7);
  const all = Array.from({ length: runs }, () => delays(backoff, count, random));
  return Array.from({ length: count }, (_, index) => all.map((run) => run[index] ?? Number.NaN).sort((a, b) => a - b));
}

const lowest = (): number => 0;
const highest = (): number => 1 - 2 ** -53;

describe("constant", () => {
  it("is the same each time, a quarter less to a quarter more", () => {
    expect(delays(constant({ delayMs: 100, jitter: "none" }), 3)).toEqual([100, 100, 100]);
    expect(delays(constant({ delayMs: 100 }), 2, lowest)).toEqual([75, 75]);
    expect(delays(constant({ delayMs: 100 }), 1, highest)[0]).toBeCloseTo(125);
  });
});

describe("linear", () => {
  it("grows by the same step, to its maximum, which jitter does not exceed", () => {
    expect(delays(linear({ initialMs: 10, stepMs: 5, maxMs: 22, jitter: "none" }), 4)).toEqual([10, 15, 20, 22]);
    expect(delays(linear({ initialMs: 10, jitter: "none" }), 3)).toEqual([10, 20, 30]);
    expect(delays(linear({ initialMs: 10, maxMs: 20 }), 3, highest)[2]).toBe(20);
  });
});

describe("exponential", () => {
  it("by default is drawn between 0 and 100 ms, 200 ms, 400 ms, to 30 s", () => {
    expect(delays(exponential(), 4, highest).map(Math.round)).toEqual([100, 200, 400, 800]);
    expect(delays(exponential(), 2, lowest)).toEqual([0, 0]);
    expect(Math.round(delays(exponential(), 20, highest)[19] ?? 0)).toBe(30_000);
  });

  it("honours its factor, with and without jitter", () => {
    expect(delays(exponential({ initialMs: 1, factor: 3, jitter: "none" }), 4)).toEqual([1, 3, 9, 27]);
    expect(delays(exponential({ initialMs: 1, factor: 1, jitter: "none" }), 3)).toEqual([1, 1, 1]);
    expect(delays(exponential({ initialMs: 1, factor: 4, jitter: "decorrelated" }), 2, highest).map(Math.round)).toEqual([7, 49]);
    expect(delays(exponential({ initialMs: 5, factor: 1, jitter: "decorrelated" }), 3, highest)).toEqual([5, 5, 5]);
  });

  it("decorrelated jitter is a number at both ends of what its options may be", () => {
    for (const initialMs of [0, Number.MAX_VALUE]) {
      expect(delays(exponential({ initialMs, factor: Number.MAX_VALUE, jitter: "decorrelated" }), 3)).toEqual([initialMs, initialMs, initialMs]);
    }
  });

  it("equal jitter takes up to a half away, polly's a quarter, or adds it", () => {
    const ends = (jitter: "equal" | "polly"): number[] =>
      [lowest, highest].map((random) => Math.round(delays(exponential({ jitter }), 2, random)[1] ?? 0));
    expect(ends("equal")).toEqual([100, 200]);
    expect(ends("polly")).toEqual([150, 250]);
  });

  it("full and equal jitter are drawn evenly between their bounds", () => {
    const [, , full = []] = samples(exponential({ initialMs: 1, maxMs: 64 }), 3, 20_000);
    const [, , equal = []] = samples(exponential({ initialMs: 1, maxMs: 64, jitter: "equal" }), 3, 20_000);
    for (const share of [0.1, 0.5, 0.9]) {
      expect(full[share * 20_000]).toBeCloseTo(4 * share, 1);
      expect(equal[share * 20_000]).toBeCloseTo(2 + 2 * share, 1);
    }
  });

  it("decorrelated jitter has AWS's medians, is never below the first delay, nor above the longest", () => {
    const table = [2.0, 3.2, 4.6, 6.3, 8.3, 10.6];
    const all = samples(exponential({ initialMs: 1, maxMs: 64, jitter: "decorrelated" }), 6, 100_000);
    for (const [index, sorted] of all.entries()) {
      expect(Math.abs((sorted[50_000] ?? 0) / (table[index] ?? 1) - 1)).toBeLessThan(0.04);
      expect(sorted[0]).toBeGreaterThanOrEqual(1);
      expect(sorted.at(-1)).toBeLessThanOrEqual(64);
    }
  });
});

describe("decorrelatedV2", () => {
  it("has Polly's medians and maxima", () => {
    const medians = [0.9, 1.14, 2.03, 3.99, 8.01, 16.1, 32.2];
    const maxima = [1.38, 2.8, 4.32, 8.57, 17.1, 34.3];
    const all = samples(decorrelatedV2({ initialMs: 1, maxMs: 1e6 }), 7, 100_000);
    for (const [index, median] of medians.entries()) expect(Math.abs((all[index]?.[50_000] ?? 0) / median - 1)).toBeLessThan(0.03);
    for (const [index, maximum] of maxima.entries()) expect(Math.abs((all[index]?.at(-1) ?? 0) / maximum - 1)).toBeLessThan(0.03);
    for (const sorted of all) expect(sorted[0]).toBeGreaterThanOrEqual(0);
  });
});

describe("every strategy", () => {
  const initialMs = 100;
  const maxMs = 5_000;
  const strategies: readonly (readonly [string, Backoff])[] = [
    ["linear", linear({ initialMs, maxMs, jitter: "none" })],
    ["exponential", exponential({ initialMs, maxMs, jitter: "none" })],
    ["exponential with the highest factor", exponential({ initialMs, maxMs, factor: Number.MAX_VALUE, jitter: "none" })],
    ["exponential, decorrelated", exponential({ initialMs, maxMs, jitter: "decorrelated" })],
    ["decorrelatedV2", decorrelatedV2({ initialMs, maxMs })],
  ];

  it.each(strategies)("%s: attempt 2000 waits for the longest time, and no attempt for something that is no time", (name, backoff) => {
    const all = delays(backoff, 2_000, name === "exponential, decorrelated" ? highest : undefined);
    expect(all[1_999]).toBe(maxMs);
    for (const delayMs of all) expect(delayMs >= 0 && delayMs <= maxMs).toBe(true);
  });

  it("stays finite where everything is as high as it can be, and 0 where it begins with 0", () => {
    const highestMs = Number.MAX_VALUE;
    for (const random of [lowest, highest]) {
      for (const jitter of ["none", "full", "equal", "polly", "decorrelated"] as const) {
        const high = delays(exponential({ initialMs: highestMs, maxMs: highestMs, factor: highestMs, jitter }), 5, random);
        expect(high.every((delayMs) => delayMs >= 0 && delayMs < Infinity)).toBe(true);
        expect(delays(exponential({ initialMs: 0, jitter }), 2_000, random).every((delayMs) => delayMs === 0)).toBe(true);
      }
      expect(delays(decorrelatedV2({ initialMs: 0 }), 2_000, random).every((delayMs) => delayMs === 0)).toBe(true);
      expect(delays(constant({ delayMs: highestMs }), 1, random)[0]).toBeLessThan(Infinity);
    }
  });

  it("remembers for each call by itself, though the object is shared", () => {
    for (const backoff of [exponential({ initialMs: 1, jitter: "decorrelated" }), decorrelatedV2({ initialMs: 1 })]) {
      const one = backoff.start(() => 0.5);
      const other = backoff.start(() => 0.5);
      const first = one(1, context);
      one(2, context);
      expect(other(1, context)).toBe(first);
    }
  });

  it.each([
    ["delayMs", () => constant({ delayMs: Infinity })],
    ["delayMs", () => constant({ delayMs: -1 })],
    ["factor", () => exponential({ factor: 0.5 })],
    ["maxMs", () => exponential({ initialMs: 10, maxMs: 5 })],
    ["maxMs", () => exponential({ maxMs: Infinity })],
    ["jitter", () => exponential({ jitter: "some" as "full" })],
    ["jitter", () => constant({ delayMs: 1, jitter: "toString" as "full" })],
    ["stepMs", () => linear({ stepMs: Number.NaN })],
    ["initialMs", () => decorrelatedV2({ initialMs: -1 })],
  ])("refuses a wrong %s", (option, make) => {
    expect(make).toThrow(RangeError);
    expect(make).toThrow(option);
  });
});
