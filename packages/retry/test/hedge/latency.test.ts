import { settled } from "@breakwater/core/testing";
import { LatencyQuantile, latencyQuantile, LatencyWindow } from "@breakwater/retry";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { catchWarnings, makeLab } from "./helpers.ts";

/** The same, by sorting. */
function exactQuantile(samples: readonly number[], ratio: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(ratio * sorted.length)) - 1] ?? 0;
}

const duration = fc.oneof(fc.double({ min: 2 ** -7, max: 100, noNaN: true }), fc.double({ min: 1, max: 2 ** 25, noNaN: true }));

describe("LatencyWindow", () => {
  it("is within 1/32 of an exact sort, at any quantile", () => {
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 300 }), fc.double({ min: 0, max: 1, noNaN: true }), (samples, ratio) => {
        const window = new LatencyWindow(1_000);
        for (const sample of samples) window.record(sample, 0);
        const exact = exactQuantile(samples, ratio);
        expect(Math.abs(window.quantile(ratio, 0) / exact - 1)).toBeLessThanOrEqual(1 / 32);
      }),
    );
  });

  it("holds just the samples of the present sixth and of the five before it, whatever the steps of time", () => {
    const steps = fc.array(fc.tuple(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 5_000 })), duration), { maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.integer({ min: -10_000, max: 10_000 }), (path, start) => {
        const window = new LatencyWindow(600);
        let now = start;
        const samples: { readonly value: number; readonly slice: number }[] = [];
        for (const [ms, value] of path) {
          now += ms;
          window.record(value, now);
          samples.push({ value, slice: Math.floor(now / 100) });
          const held = samples.filter(({ slice }) => slice > Math.floor(now / 100) - 6);
          expect(window.size(now)).toBe(held.length);
          const exact = exactQuantile(held.map((sample) => sample.value), 0.9);
          expect(Math.abs(window.quantile(0.9, now) / exact - 1)).toBeLessThanOrEqual(1 / 32);
        }
      }),
    );
  });

  it("forgets everything after an idle time, also when it is only read", () => {
    const window = new LatencyWindow(600);
    for (let i = 0; i < 10; i += 1) window.record(5, i * 60);
    expect(window.size(540)).toBe(10);
    expect(window.quantile(0.5, 10_000)).toBe(0);
    expect(window.size(10_000)).toBe(0);
  });

  it("takes a clock that goes back as one that stands still", () => {
    const window = new LatencyWindow(600);
    window.record(5, 1_000);
    window.record(5, 200);
    expect(window.size(0)).toBe(2);
    expect(window.size(1_099)).toBe(2);
  });

  it("never forgets with a window of Infinity", () => {
    const window = new LatencyWindow(Infinity);
    window.record(5, 0);
    window.record(5, 1e12);
    expect(window.size(1e15)).toBe(2);
  });

  it("counts what is outside its range as its ends, and ignores what is no number", () => {
    const window = new LatencyWindow(1_000);
    window.record(NaN, 0);
    expect(window.size(0)).toBe(0);
    for (const low of [-5, 0, 1e-9]) window.record(low, 0);
    expect(window.quantile(1, 0)).toBeCloseTo(2 ** -7, 3);
    window.record(Infinity, 0);
    expect(window.quantile(1, 0) / 2 ** 25).toBeCloseTo(1, 1);
  });
});

describe("latencyQuantile", () => {
  it("says nothing until it has enough samples, nor when too few are left", () => {
    const quantile = latencyQuantile({ minSamples: 3, windowMs: 600 });
    for (let i = 0; i < 2; i += 1) quantile.record(10, 0);
    expect(quantile.delayMs(0)).toBeUndefined();
    quantile.record(10, 0);
    expect(quantile.delayMs(0)).toBeCloseTo(10, 0);
    expect(quantile.delayMs(10_000)).toBeUndefined();
  });

  it("keeps within minMs and maxMs", () => {
    const quantile = latencyQuantile({ minSamples: 1, minMs: 5, maxMs: 50 });
    quantile.record(1, 0);
    expect(quantile.delayMs(0)).toBe(5);
    for (let i = 0; i < 30; i += 1) quantile.record(1_000, 0);
    expect(quantile.delayMs(200)).toBe(50);
  });

  it("computes anew after 100 ms, or 100 samples", () => {
    const quantile = latencyQuantile({ minSamples: 1, quantile: 0.5 });
    quantile.record(10, 0);
    const first = quantile.delayMs(0);
    for (let i = 0; i < 99; i += 1) quantile.record(1_000, 50);
    expect(quantile.delayMs(99)).toBe(first);
    quantile.record(1_000, 50);
    expect(quantile.delayMs(99)).toBeGreaterThan(900);
    for (let i = 0; i < 99; i += 1) quantile.record(1, 99);
    expect(quantile.delayMs(198)).toBeGreaterThan(900);
    expect(quantile.delayMs(199)).toBeCloseTo(10, 0);
  });

  it("checks its options by name and value", () => {
    expect(() => latencyQuantile({ quantile: 0 })).toThrow("quantile must be a number above 0 and below 1, got 0");
    expect(() => latencyQuantile({ quantile: 1 })).toThrow(RangeError);
    expect(() => latencyQuantile({ quantile: 95 })).toThrow(RangeError);
    expect(() => latencyQuantile({ minSamples: 0 })).toThrow("minSamples");
    expect(() => latencyQuantile({ minSamples: 1.5 })).toThrow("minSamples");
    expect(() => latencyQuantile({ windowMs: 0 })).toThrow("windowMs");
    expect(() => latencyQuantile({ minMs: -1 })).toThrow("minMs");
    expect(() => latencyQuantile({ minMs: 5, maxMs: 4 })).toThrow("maxMs must be a number from 5 to Infinity, got 4");
    expect(latencyQuantile()).toBeInstanceOf(LatencyQuantile);
  });
});

describe("a hedge with a measured delay", () => {
  it("hedges nothing, failures neither, until enough was measured; then what is slower than the quantile", async () => {
    const { clock, hedge, tries } = makeLab({ delayMs: latencyQuantile({ minSamples: 10 }) });
    const down = new Error("down");
    expect(await hedge.run(() => Promise.reject(down)).catch((error: unknown) => error)).toBe(down);
    expect(hedge.stats).toMatchObject({ calls: 1, hedges: 0, delayMs: undefined });
    for (let i = 1; i <= 10; i += 1) {
      const call = hedge.run(tries.work);
      await clock.advanceAsync(10);
      tries.at(i).resolve("fast");
      await call;
    }
    expect(hedge.stats.delayMs).toBeCloseTo(10, 0);
    void hedge.run(tries.work);
    await clock.advanceAsync(9);
    expect(tries.started.length).toBe(11);
    await clock.advanceAsync(3);
    expect(tries.started.length).toBe(12);
  });

  it("learns from first tries that answer, and from lost ones what they had taken, not from failures and aborts", async () => {
    const recorded: number[] = [];
    class Spied extends LatencyQuantile {
      override record(durationMs: number): void {
        recorded.push(durationMs);
      }
      override delayMs(): number {
        return 100;
      }
    }
    const { clock, hedge, tries } = makeLab({ delayMs: new Spied() });
    const end = async (attempt: number, how: "resolve" | "reject"): Promise<void> => {
      tries.at(attempt)[how]("x");
      await settled();
    };
    void hedge.run(tries.work);
    await clock.advanceAsync(30);
    await end(1, "resolve");
    expect(recorded).toEqual([30]);
    void hedge.run(tries.work); // try 2 of the test; hedged by 3, which wins
    await clock.advanceAsync(140);
    await end(3, "resolve");
    expect(recorded).toEqual([30, 140]);
    await end(2, "resolve");
    expect(recorded).toEqual([30, 140]);
    void hedge.run(tries.work); // 4 fails, 5 answers
    await end(4, "reject");
    await end(5, "resolve");
    const controller = new AbortController();
    void hedge.run(tries.work, { signal: controller.signal }).catch(() => undefined);
    controller.abort();
    await end(6, "resolve");
    expect(recorded).toEqual([30, 140]);
  });

  it("that throws, of the user's own, fails no call: nothing is hedged, which is reported", async () => {
    const warnings = catchWarnings();
    class Broken extends LatencyQuantile {
      override record(): never {
        throw new Error("record");
      }
      override delayMs(): number {
        throw new Error("delayMs");
      }
    }
    const { hedge } = makeLab({ delayMs: new Broken() });
    await expect(hedge.run(async () => "promised")).resolves.toBe("promised");
    await expect(hedge.run(() => "plain")).resolves.toBe("plain");
    expect(hedge.stats).toMatchObject({ calls: 2, running: 0, delayMs: undefined });
    expect(warnings).toHaveBeenCalledTimes(5);
    warnings.mockRestore();
  });

  it("finds a share of slow calls though it sees of them only that they lost", async () => {
    const { clock, hedge } = makeLab({ delayMs: latencyQuantile({ quantile: 0.9, windowMs: 6_000 }) });
    // Ten in a hundred take a second, the others 1 to 90 ms; a hedge is always fast.
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimer(resolve, ms));
    for (let i = 0; i < 2_000; i += 1) {
      let tries = 0;
      void hedge.run(() => sleep((tries += 1) > 1 ? 5 : i % 10 === 0 ? 1_000 : 1 + (i % 90)));
      await clock.advanceAsync(10);
    }
    const { hedges, calls, delayMs } = hedge.stats;
    expect(delayMs).toBeGreaterThan(80);
    expect(delayMs).toBeLessThan(110);
    expect(hedges / calls).toBeLessThan(0.15);
  });
});
