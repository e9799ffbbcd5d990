import { ManualClock, settled } from "@breakwater/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  allOf,
  calendarWindow,
  fixedWindow,
  gcra,
  RateLimiter,
  slidingCounter,
  slidingLog,
  spacing,
  tokenBucket,
  warmUp,
  type RateAlgorithm,
} from "@breakwater/limiter";
import { watch } from "../helpers.ts";

const year = 365 * 86_400_000;

const algorithms: Record<string, () => RateAlgorithm> = {
  gcra: () => gcra({ limit: 7, perMs: 1000 }),
  "gcra, thirds": () => gcra({ limit: 3, perMs: 100, burst: 2 }),
  tokenBucket: () => tokenBucket({ refillPerSecond: 3, burst: 4 }),
  slidingLog: () => slidingLog({ limit: 4, windowMs: 333.3 }),
  slidingCounter: () => slidingCounter({ limit: 7, windowMs: 1000 / 3 }),
  "slidingCounter of a day": () => slidingCounter({ limit: 1000, windowMs: 86_400_000 }),
  fixedWindow: () => fixedWindow({ limit: 4, windowMs: 100 / 3 }),
  warmUp: () => warmUp({ ratePerSecond: 30, warmUpMs: 400 }),
  spacing: () => spacing({ everyMs: 100 / 3 }),
  "allOf two": () => allOf(gcra({ limit: 3, perMs: 100 }), slidingCounter({ limit: 20, windowMs: 1000 })),
};

const times = fc.array(fc.record({ afterMs: fc.double({ min: 0, max: 500, noNaN: true }), weight: fc.integer({ min: 1, max: 2 }) }), { maxLength: 60 });

describe.each(Object.entries(algorithms))("%s, at any fraction of a ms", (_, make) => {
  it("B15: retry-after is tight, also after years", () => {
    fc.assert(
      fc.property(times, fc.constantFrom(0, 1e6 / 3, year, 10 * year), fc.integer({ min: 1, max: 2 }), (all, origin, weight) => {
        const state = make().fresh(origin);
        let now = origin;
        for (const each of all) state.tryTake(each.weight, (now += each.afterMs));
        const waitMs = state.waitMs(weight, now);
        if (waitMs === Infinity) return;
        if (waitMs > 1e-3) expect(state.tryTake(weight, now + waitMs - 1e-3)).toBe(false);
        expect(state.waitMs(weight, now + waitMs)).toBe(0);
        expect(state.tryTake(weight, now + waitMs)).toBe(true);
      }),
    );
  });

  it("is like new after resetAfterMs: from then on it decides as a fresh one does", () => {
    fc.assert(
      fc.property(times, times, (before, after) => {
        const algorithm = make();
        const used = algorithm.fresh(0);
        let now = 0;
        for (const { afterMs, weight } of before) used.tryTake(weight, (now += afterMs));
        now += used.resetAfterMs(now) + 1e-3;
        const fresh = algorithm.fresh(now);
        for (const { afterMs, weight } of after) {
          now += afterMs;
          expect(used.tryTake(weight, now)).toBe(fresh.tryTake(weight, now));
        }
      }),
    );
  });

  it("B22: after a change nothing is negative, and it is like new in the end", () => {
    fc.assert(
      fc.property(times, fc.constantFrom(...Object.values(algorithms)), (all, other) => {
        const clock = new ManualClock();
        const limiter = new RateLimiter({ algorithm: make(), clock });
        for (const { afterMs, weight } of all) {
          clock.advance(afterMs);
          limiter.take(weight);
        }
        limiter.change(other());
        const { remaining, resetAfterMs } = limiter.check();
        expect(remaining).toBeGreaterThanOrEqual(0);
        expect(remaining).toBeLessThanOrEqual(other().limit);
        expect(resetAfterMs).toBeLessThan(Infinity);
        clock.advance(resetAfterMs + 1e-3);
        expect(limiter.check().resetAfterMs).toBe(0);
        expect(limiter.check().remaining).toBe(other().fresh(clock.now()).remaining(clock.now()));
      }),
    );
  });

  it("a clock whose origin is 1970 loses no precision, and a wait on it ends", async () => {
    const clock = new ManualClock(1.7e12 + 1 / 3);
    const limiter = new RateLimiter({ algorithm: make(), clock });
    while (limiter.tryAcquire() !== undefined);
    const waiting = [1, 2, 3].map(() => watch(limiter.acquire()));
    for (let i = 0; i < 200; i += 1) await clock.advanceAsync(limiter.waiting === 0 ? 0 : limiter.check().retryAfterMs + 1);
    expect(waiting.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("B2, B3: very fast and very slow rates", () => {
  it.each([1e6, 1e9, 1e12])("%d a second lets its burst through at once and not one more", (limit) => {
    for (const algorithm of [gcra({ limit, perMs: 1000, burst: 10 }), tokenBucket({ refillPerSecond: limit, burst: 10 })]) {
      const state = algorithm.fresh(0);
      let taken = 0;
      while (taken < 100 && state.tryTake(1, 0)) taken += 1;
      expect(taken).toBe(10);
    }
  });

  it("a rate of nothing that is changed starts as a new one", () => {
    const limiter = new RateLimiter({ algorithm: gcra({ limit: 0, perMs: 1000 }), clock: new ManualClock() });
    expect(limiter.take()).toMatchObject({ allowed: false, limit: 0, remaining: 0, retryAfterMs: Infinity });
    limiter.change(gcra({ limit: 2, perMs: 1000 }));
    expect([limiter.take().allowed, limiter.take().allowed, limiter.take().retryAfterMs]).toEqual([true, true, 500]);
  });
});

describe("B22: a change of the rate", () => {
  it("down, from 500 used of 1000 a minute to 10 a minute, is used up and no more", () => {
    for (const [from, to] of [
      [gcra({ limit: 1000, perMs: 60_000 }), gcra({ limit: 10, perMs: 60_000 })],
      [tokenBucket({ refillPerSecond: 1000 / 60, burst: 1000 }), tokenBucket({ refillPerSecond: 1 / 6, burst: 10 })],
    ] as const) {
      const limiter = new RateLimiter<RateAlgorithm>({ algorithm: from, clock: new ManualClock() });
      limiter.take(500);
      limiter.change(to);
      expect(limiter.check()).toMatchObject({ allowed: false, limit: 10, remaining: 0 });
      expect(limiter.check().retryAfterMs).toBeCloseTo(6000, 3);
    }
  });

  it("of an open window is a change of its limit; a shorter window ends sooner", () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter({ algorithm: fixedWindow({ limit: 4, windowMs: 1000 }), clock });
    limiter.take(3);
    clock.advance(400);
    limiter.change(fixedWindow({ limit: 5, windowMs: 1000 }));
    expect(limiter.check(3)).toMatchObject({ allowed: false, remaining: 2, retryAfterMs: 600 });
    limiter.change(fixedWindow({ limit: 2, windowMs: 100 }));
    expect(limiter.check()).toMatchObject({ allowed: false, limit: 2, remaining: 0, retryAfterMs: 100 });
  });

  it("of a counter or a log keeps what they remember", () => {
    for (const make of [slidingCounter, slidingLog]) {
      const limiter = new RateLimiter({ algorithm: make({ limit: 4, windowMs: 1000 }), clock: new ManualClock() });
      limiter.take(3);
      limiter.change(make({ limit: 6, windowMs: 1000 }));
      expect(limiter.check().remaining).toBe(3);
      limiter.change(make({ limit: 2, windowMs: 500 }));
      expect(limiter.check().remaining).toBe(0);
    }
  });
});

describe("B10: windows of the wall's clock", () => {
  const hour = 3_600_000;
  const lengthAt = (timeZone: string, unit: "hour" | "day" | "month", wall: string): number => {
    const state = calendarWindow({ limit: 1, unit, timeZone, wallClock: () => Date.parse(wall) }).fresh(0);
    state.tryTake(1, 0);
    return state.resetAfterMs(0) / hour;
  };

  it.each([
    // a day that begins at one o'clock, because midnight is skipped
    ["America/Sao_Paulo", "day", "2018-11-03T03:00:00Z", 24],
    ["America/Sao_Paulo", "day", "2018-11-04T03:00:00Z", 23],
    // a day whose last hour comes twice
    ["America/Sao_Paulo", "day", "2019-02-16T02:00:00Z", 25],
    // a day whose first hour comes twice
    ["America/Havana", "day", "2023-11-05T04:00:00Z", 25],
    // the clocks change by half an hour
    ["Australia/Lord_Howe", "day", "2024-04-06T13:00:00Z", 24.5],
    // a day that was left out: the 29th of December 2011 ends with the 31st
    ["Pacific/Apia", "day", "2011-12-29T10:00:00Z", 24],
    ["Europe/Zurich", "month", "2026-02-28T23:00:00Z", 31 * 24 - 1],
    ["Asia/Kathmandu", "hour", "2026-05-05T00:00:00Z", 0.25],
  ] as const)("in %s a %s from %s lasts %d h", (timeZone, unit, wall, hours) => {
    expect(lengthAt(timeZone, unit, wall)).toBe(hours);
  });

  it.each([
    ["calendarWindow", (wallClock: () => number) => calendarWindow({ limit: 1, unit: "minute", wallClock })],
    ["fixedWindow", (wallClock: () => number) => fixedWindow({ limit: 1, windowMs: 60_000, align: "epoch", wallClock })],
  ] as const)("%s: a wall clock that is late by some ms at a window's end opens no third window", (_, make) => {
    let lateMs = 0;
    let now = 0;
    const state = make(() => 1_800_000_000_000 + now - lateMs).fresh(0);
    let taken = 0;
    const take = (at: number): void => {
      now = at;
      if (state.tryTake(1, at)) taken += 1;
    };
    take(59_999);
    lateMs = 20;
    for (let at = 60_000; at < 60_100; at += 1) take(at);
    expect(taken).toBe(2);
    take(119_999);
    expect(taken).toBe(2);
    take(120_020);
    expect(taken).toBe(3);
  });
});

describe("spacing from the end", () => {
  it("a permit from before a reset ends nothing of what came after", async () => {
    const clock = new ManualClock();
    const limiter = new RateLimiter({ algorithm: spacing({ everyMs: 10, from: "end" }), clock });
    const old = limiter.tryAcquire();
    limiter.reset();
    expect(limiter.tryAcquire()).toBeDefined();
    old?.release();
    clock.advance(100);
    await settled();
    expect(limiter.tryAcquire()).toBeUndefined();
  });

  it("with no pause it is one at a time", async () => {
    const limiter = new RateLimiter({ algorithm: spacing({ everyMs: 0, from: "end" }), clock: new ManualClock() });
    const permit = limiter.tryAcquire();
    const waiting = watch(limiter.acquire());
    await settled();
    expect([limiter.tryAcquire(), limiter.check().allowed, waiting.status]).toEqual([undefined, false, "pending"]);
    permit?.release();
    await settled();
    expect(waiting.status).toBe("fulfilled");
  });
});
