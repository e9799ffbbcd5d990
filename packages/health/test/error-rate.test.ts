import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ErrorRate, type Limits } from "../src/error-rate.ts";
import type { HealthStatus } from "../src/status.ts";
import { readLimits } from "../src/thresholds.ts";
import { WindowOracle } from "./window-oracle.ts";

const windowMs = 100;

function rateOf(options: Partial<Limits>): ErrorRate {
  return new ErrorRate(windowMs, readLimits({ minimumCalls: 1, ...options }));
}

/** So many calls at one moment, the failures last. */
function add(rate: ErrorRate, now: number, successes: number, failures = 0): void {
  for (let i = 0; i < successes; i += 1) rate.add(false, now);
  for (let i = 0; i < failures; i += 1) rate.add(true, now);
}

describe("the first verdict", () => {
  it.each<[number, number, HealthStatus]>([
    [0, 0, "UNKNOWN"],
    [19, 19, "UNKNOWN"],
    [20, 0, "HEALTHY"],
    [101, 5, "HEALTHY"],
    [100, 5, "DEGRADED"],
    [101, 20, "DEGRADED"],
    [100, 20, "UNHEALTHY"],
    [20, 20, "UNHEALTHY"],
  ])("with %i calls and %i failures is %s", (total, failures, verdict) => {
    const rate = new ErrorRate(windowMs, readLimits({}));
    add(rate, 0, total - failures, failures);
    expect(rate.verdict).toBe(verdict);
  });

  it("is reached at every whole percentage exactly, whatever the volume", () => {
    for (let percent = 1; percent < 100; percent += 1) {
      for (const scale of [1, 3, 7]) {
        const rate = rateOf({ degradedRatio: percent / 100, unhealthyRatio: 1, minimumCalls: 100 * scale });
        add(rate, 0, (100 - percent) * scale, percent * scale);
        expect(rate.verdict).toBe("DEGRADED");
        const below = rateOf({ degradedRatio: percent / 100, unhealthyRatio: 1, minimumCalls: 100 * scale });
        add(below, 0, (100 - percent) * scale + 1, percent * scale - 1);
        expect(below.verdict).toBe("HEALTHY");
      }
    }
  });

  it("reads a threshold of 0 as any failure, not as always", () => {
    const rate = rateOf({ degradedRatio: 0, unhealthyRatio: 0.5 });
    add(rate, 0, 1000);
    expect(rate.verdict).toBe("HEALTHY");
    add(rate, 0, 0, 1);
    expect(rate.verdict).toBe("DEGRADED");
  });
});

describe("the way out", () => {
  it("begins below 0.8 of the way in, exactly so, for every whole percentage", () => {
    for (let percent = 1; percent <= 100; percent += 1) {
      const { leaveDegradedRatio } = readLimits({ degradedRatio: percent / 100, unhealthyRatio: 1 });
      expect(leaveDegradedRatio).toBe((8 * percent) / 1000);
    }
  });

  it("takes the dwell, counted from when the rate fell, and not a moment less", () => {
    const rate = rateOf({ dwellMs: 25 });
    add(rate, 0, 90, 10);
    add(rate, 3, 151); // 10 of 251, below 4 %
    rate.advance(27.9);
    expect(rate.verdict).toBe("DEGRADED");
    rate.advance(28);
    expect(rate.verdict).toBe("HEALTHY");
  });

  it("is not taken while the rate is between leave and enter, however long", () => {
    const rate = new ErrorRate(Infinity, readLimits({ dwellMs: 10 }));
    add(rate, 0, 90, 10);
    add(rate, 0, 110); // 10 of 210, 4.8 %
    rate.advance(1e9);
    expect(rate.verdict).toBe("DEGRADED");
    add(rate, 1e9, 40); // 10 of 250: exactly 4 % is not below 4 %
    rate.advance(2e9);
    expect(rate.verdict).toBe("DEGRADED");
    add(rate, 2e9, 1);
    rate.advance(2e9 + 10);
    expect(rate.verdict).toBe("HEALTHY");
  });

  it("begins anew when the calm is broken, though nothing was entered", () => {
    const rate = new ErrorRate(Infinity, readLimits({ dwellMs: 10 }));
    add(rate, 0, 90, 10);
    add(rate, 0, 151); // below
    add(rate, 9, 0, 1); // 11 of 252: 4.4 %
    add(rate, 9, 30); // below again
    rate.advance(18);
    expect(rate.verdict).toBe("DEGRADED");
    rate.advance(19);
    expect(rate.verdict).toBe("HEALTHY");
  });

  it("is not put off by calls that go well", () => {
    const rate = new ErrorRate(Infinity, readLimits({ dwellMs: 10 }));
    add(rate, 0, 90, 10);
    for (let now = 0; now < 10; now += 1) add(rate, now, 200);
    rate.advance(10);
    expect(rate.verdict).toBe("HEALTHY");
  });

  it("was taken before what falls out of the window later, though nobody looked in between", () => {
    const rate = rateOf({ degradedRatio: 0.3, leaveDegradedRatio: 0.1, unhealthyRatio: 1, dwellMs: 20 });
    add(rate, 0, 40); // leaves at 100
    add(rate, 10, 6, 30); // DEGRADED: 30 of 76
    add(rate, 20, 250); // calm: 30 of 326
    rate.advance(115); // calm to the end, and over at 40; what is left now is 30 of 250 and 12 %
    expect(rate.verdict).toBe("HEALTHY");
  });

  it("does not delay the way in: a failure after the calm counts at once", () => {
    const rate = rateOf({ dwellMs: 10 });
    add(rate, 0, 10);
    add(rate, 0, 0, 3);
    expect(rate.verdict).toBe("UNHEALTHY");
  });

  it("leads from UNHEALTHY to DEGRADED where the rate lies between, and past it where it lies below both", () => {
    const rate = new ErrorRate(Infinity, readLimits({ dwellMs: 10 }));
    add(rate, 0, 0, 10);
    add(rate, 0, 90); // 10 %
    rate.advance(10);
    expect(rate.verdict).toBe("DEGRADED");
    const other = new ErrorRate(Infinity, readLimits({ dwellMs: 10 }));
    add(other, 0, 0, 10);
    add(other, 0, 1000); // 1 %
    other.advance(9);
    expect(other.verdict).toBe("UNHEALTHY");
    other.advance(10);
    expect(other.verdict).toBe("HEALTHY");
  });

  it("does not exist with a dwell of Infinity, and is immediate with 0", () => {
    const rate = new ErrorRate(windowMs, readLimits({ dwellMs: Infinity, keepVerdictMs: Infinity }));
    add(rate, 0, 0, 20);
    add(rate, 200, 1000);
    rate.advance(1e12);
    expect(rate.verdict).toBe("UNHEALTHY");
    const quick = new ErrorRate(windowMs, readLimits({ dwellMs: 0 }));
    add(quick, 0, 0, 20);
    add(quick, 0, 980);
    expect(quick.verdict).toBe("HEALTHY");
  });

  it("is taken also when the window runs dry meanwhile: what the last judgement saw begin stays", () => {
    const rate = rateOf({ dwellMs: 80, minimumCalls: 3 });
    add(rate, 0, 0, 10);
    add(rate, 50, 10);
    rate.advance(160); // failures gone at 100, successes at 150
    expect(rate.total).toBe(0);
    expect(rate.verdict).toBe("UNHEALTHY");
    rate.advance(180);
    expect(rate.verdict).toBe("HEALTHY");
  });

  it("does not flap with a rate that hovers round the threshold, as it would without", () => {
    const changesWith = (options: Partial<Limits>): number => {
      const rate = new ErrorRate(windowMs, readLimits(options));
      let changes = 0;
      let before: HealthStatus = "UNKNOWN";
      for (let now = 0; now < 5000; now += 1) {
        rate.add(now % 21 === 0 || now % 170 === 0, now); // 4 to 6 of 90 to 100
        if (rate.verdict !== before) changes += 1;
        before = rate.verdict;
      }
      return changes;
    };
    expect(changesWith({ leaveDegradedRatio: 0.05, dwellMs: 0 })).toBeGreaterThan(50);
    expect(changesWith({ dwellMs: 20 })).toBeLessThanOrEqual(3);
  });
});

describe("a verdict without enough calls", () => {
  it("stays for ever when it is good", () => {
    const rate = rateOf({ minimumCalls: 3, keepVerdictMs: 50 });
    add(rate, 0, 10);
    rate.advance(1e12);
    expect(rate.verdict).toBe("HEALTHY");
    expect(rate.changesAt).toBe(Infinity);
  });

  it("stays when it gets good meanwhile", () => {
    const rate = rateOf({ minimumCalls: 3, dwellMs: 80, keepVerdictMs: 150 });
    add(rate, 0, 0, 10);
    add(rate, 50, 10);
    rate.advance(160); // failures gone at 100, successes at 150
    expect(rate.verdict).toBe("UNHEALTHY");
    rate.advance(1e12);
    expect(rate.verdict).toBe("HEALTHY");
  });

  it("stays for ever when it is told to, though it is bad", () => {
    const rate = rateOf({ minimumCalls: 3, keepVerdictMs: Infinity });
    add(rate, 0, 0, 10);
    rate.advance(1e12);
    expect(rate.verdict).toBe("UNHEALTHY");
    expect(rate.changesAt).toBe(Infinity);
  });

  it("is given up after a minute by default", () => {
    const rate = rateOf({ minimumCalls: 3 });
    add(rate, 0, 0, 10);
    rate.advance(60_099);
    expect(rate.verdict).toBe("UNHEALTHY");
    rate.advance(60_100);
    expect(rate.verdict).toBe("UNKNOWN");
  });

  it("is given up after `keepVerdictMs`, counted from when there were too few, and starts afresh", () => {
    const rate = rateOf({ minimumCalls: 3, keepVerdictMs: 50 });
    add(rate, 0, 0, 10);
    rate.advance(149);
    expect(rate.verdict).toBe("UNHEALTHY");
    expect(rate.changesAt).toBe(150);
    rate.advance(150);
    expect(rate.verdict).toBe("UNKNOWN");
    add(rate, 150, 3);
    expect(rate.verdict).toBe("HEALTHY");
  });

  it("is kept when enough calls come back in time", () => {
    const rate = rateOf({ minimumCalls: 3, keepVerdictMs: 50, dwellMs: 1000 });
    add(rate, 0, 0, 10);
    add(rate, 140, 3);
    rate.advance(160);
    expect(rate.verdict).toBe("UNHEALTHY");
  });
});

describe("two ends that nobody saw come", () => {
  /** Failures fall out at 100, which begins a calm of 40; the last call falls out at 110, and the verdict is kept for 10 or 40. */
  const rateThatKeeps = (keepVerdictMs: number): ErrorRate => {
    const rate = rateOf({ dwellMs: 40, keepVerdictMs });
    add(rate, 0, 0, 1);
    add(rate, 10, 1);
    return rate;
  };

  it("count in the order in which they came: a verdict that was given up before its dwell ended is UNKNOWN", () => {
    for (const looks of [[300], [140, 300], [120, 300]]) {
      const rate = rateThatKeeps(10);
      for (const now of looks) rate.advance(now);
      expect(rate.verdict).toBe("UNKNOWN");
    }
  });

  it("count in the order in which they came: a verdict whose dwell ended before it was given up is HEALTHY", () => {
    for (const looks of [[300], [140, 300], [150, 300]]) {
      const rate = rateThatKeeps(40);
      for (const now of looks) rate.advance(now);
      expect(rate.verdict).toBe("HEALTHY");
    }
  });
});

describe("the law: the verdict is a function of the samples and the time alone", () => {
  const steps = fc.array(
    fc.record({
      wait: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 150 })),
      successes: fc.nat(8),
      failures: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.integer({ min: 1, max: 4 }) }),
    }),
    { maxLength: 40 },
  );
  const options = fc
    .record({
      minimumCalls: fc.integer({ min: 1, max: 5 }),
      degradedRatio: fc.constantFrom(0, 0.2, 0.3),
      unhealthyRatio: fc.constantFrom(0.3, 0.5),
      dwellMs: fc.constantFrom(0, 1, 10, 37, 120, Infinity),
      keepVerdictMs: fc.constantFrom(0, 15, 80, Infinity),
      leaveShare: fc.constantFrom(0.2, 0.5, 0.8, 1),
    })
    .map(({ leaveShare, ...rest }) => ({
      ...rest,
      leaveDegradedRatio: leaveShare * rest.degradedRatio,
      leaveUnhealthyRatio: leaveShare * rest.unhealthyRatio,
    }));

  it("it agrees with an oracle that judges every millisecond, however seldom it is looked at", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 400 }), options, fc.boolean(), (all, rest, given, isWatched) => {
        const limits = readLimits(given);
        const rate = new ErrorRate(windowMs, limits);
        const oracle = new WindowOracle(limits);
        let now = 0;
        for (const { wait, successes, failures } of all) {
          for (let ms = 0; isWatched && ms < wait; ms += 1) rate.advance(now + ms);
          now += wait;
          add(rate, now, successes, failures);
          oracle.wait(wait);
          oracle.add(successes, failures);
        }
        rate.advance(now + rest);
        oracle.wait(rest);
        expect(rate.verdict).toBe(oracle.verdict);
      }),
      { numRuns: 150 },
    );
  });

  it("it changes by time alone only at `changesAt`, which a timer can be set for", () => {
    fc.assert(
      fc.property(steps, options, (all, given) => {
        const rate = new ErrorRate(windowMs, readLimits(given));
        let now = 0;
        for (const { wait, successes, failures } of all) {
          now += wait;
          rate.advance(now);
          add(rate, now, successes, failures);
        }
        for (let turns = 0; rate.changesAt < Infinity; turns += 1) {
          expect(turns).toBeLessThan(20);
          const { changesAt, verdict } = rate;
          rate.advance((now + changesAt) / 2);
          expect(rate.verdict).toBe(verdict);
          now = changesAt;
          rate.advance(now);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("it judges what the window said last before it ran dry, not what it says when somebody looks", () => {
    const rate = rateOf({ minimumCalls: 3, dwellMs: 0 });
    add(rate, 0, 0, 10);
    add(rate, 50, 10);
    expect(rate.verdict).toBe("UNHEALTHY");
    rate.advance(1e6);
    expect(rate.verdict).toBe("HEALTHY");
    expect(rate.total).toBe(0);
  });
});
