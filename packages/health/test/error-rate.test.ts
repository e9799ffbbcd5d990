import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ErrorRate, verdictOf } from "../src/error-rate.ts";
import type { HealthStatus } from "../src/status.ts";

const limits = { minimumCalls: 20, degradedRatio: 0.01, unhealthyRatio: 0.05 };

describe("verdictOf", () => {
  it.each<[HealthStatus, number, number, HealthStatus]>([
    ["UNKNOWN", 0, 0, "UNKNOWN"],
    ["UNKNOWN", 19, 19, "UNKNOWN"],
    ["HEALTHY", 19, 19, "HEALTHY"],
    ["UNHEALTHY", 0, 0, "UNHEALTHY"],
    ["UNKNOWN", 20, 0, "HEALTHY"],
    ["UNHEALTHY", 20, 0, "HEALTHY"],
    ["HEALTHY", 101, 1, "HEALTHY"],
    ["HEALTHY", 100, 1, "DEGRADED"],
    ["HEALTHY", 201, 10, "DEGRADED"],
    ["HEALTHY", 200, 10, "UNHEALTHY"],
    ["HEALTHY", 20, 20, "UNHEALTHY"],
  ])("from %s, with %i calls and %i failures, it is %s", (previous, total, failures, verdict) => {
    expect(verdictOf(previous, total, failures, limits)).toBe(verdict);
  });

  it("enters at every whole percentage exactly, whatever the volume", () => {
    for (let percent = 1; percent <= 100; percent += 1) {
      for (const scale of [1, 3, 7, 1000]) {
        const exact = { minimumCalls: 1, degradedRatio: percent / 100, unhealthyRatio: 1 };
        const expected = percent === 100 ? "UNHEALTHY" : "DEGRADED";
        expect(verdictOf("UNKNOWN", 100 * scale, percent * scale, exact)).toBe(expected);
        expect(verdictOf("UNKNOWN", 100 * scale, percent * scale - 1, exact)).toBe("HEALTHY");
      }
    }
  });

  it("reads a threshold of 0 as any failure, not as always", () => {
    const strict = { minimumCalls: 1, degradedRatio: 0, unhealthyRatio: 0.5 };
    expect(verdictOf("UNKNOWN", 1000, 0, strict)).toBe("HEALTHY");
    expect(verdictOf("UNKNOWN", 1000, 1, strict)).toBe("DEGRADED");
  });
});

describe("ErrorRate", () => {
  const windowMs = 100;
  const samples = fc.array(
    fc.record({ wait: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 300 })), isFailure: fc.boolean() }),
    { maxLength: 80 },
  );
  const small = { minimumCalls: 3, degradedRatio: 0.2, unhealthyRatio: 0.5 };

  /** Judges afresh at every millisecond, from the list of all samples. */
  function oracle(all: readonly { at: number; isFailure: boolean }[], end: number): HealthStatus {
    let verdict: HealthStatus = "UNKNOWN";
    const judge = (seen: typeof all, now: number): void => {
      const live = seen.filter(({ at }) => Math.floor(at / 10) > Math.floor(now / 10) - 10);
      const ratio = live.filter(({ isFailure }) => isFailure).length / live.length;
      if (live.length >= 3) verdict = ratio >= 0.5 ? "UNHEALTHY" : ratio >= 0.2 ? "DEGRADED" : "HEALTHY";
    };
    let seen = 0;
    for (let now = 0; now <= end; now += 1) {
      judge(all.slice(0, seen), now);
      while (all[seen]?.at === now) {
        seen += 1;
        judge(all.slice(0, seen), now);
      }
    }
    return verdict;
  }

  it("agrees with an oracle that judges every millisecond, however seldom it is looked at", () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 0, max: 400 }), (steps, rest) => {
        const rate = new ErrorRate(windowMs, small);
        const all: { at: number; isFailure: boolean }[] = [];
        let now = 0;
        for (const { wait, isFailure } of steps) {
          now += wait;
          rate.add(isFailure, now);
          all.push({ at: now, isFailure });
        }
        rate.advance(now + rest);
        expect(rate.verdict).toBe(oracle(all, now + rest));
      }),
      { numRuns: 60 },
    );
  });

  it("judges what the window said last before it ran dry, not what it says when somebody looks", () => {
    const rate = new ErrorRate(windowMs, small);
    for (let i = 0; i < 10; i += 1) rate.add(true, 0);
    for (let i = 0; i < 10; i += 1) rate.add(false, 50);
    expect(rate.verdict).toBe("UNHEALTHY");
    rate.advance(1e6);
    expect(rate.verdict).toBe("HEALTHY");
    expect(rate.total).toBe(0);
  });
});
