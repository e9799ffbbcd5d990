import {
  allOf,
  calendarWindow,
  fixedWindow,
  gcra,
  slidingCounter,
  slidingLog,
  spacing,
  tokenBucket,
  warmUp,
  type RateAlgorithm,
  type RateState,
} from "@breakwater/limiter";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

interface Taken {
  readonly at: number;
  readonly weight: number;
}

/** Says from the full history of what was taken whether more may be, without any cleverness. */
type Oracle = (history: readonly Taken[], weight: number, now: number) => boolean;

const sum = (history: readonly Taken[]): number => history.reduce((total, { weight }) => total + weight, 0);

/** A level that rises with what is taken and drains evenly. */
const leaky = (burst: number, perMs: number): Oracle => (history, weight, now) => {
  let level = 0;
  let at = 0;
  for (const taken of history) {
    level = Math.max(0, level - (taken.at - at) * perMs) + taken.weight;
    at = taken.at;
  }
  return Math.max(0, level - (now - at) * perMs) + weight <= burst + 1e-9;
};

const windowed = (limit: number, startOf: (history: readonly Taken[], now: number) => number): Oracle => (history, weight, now) => {
  const start = startOf(history, now);
  return sum(history.filter(({ at }) => at >= start)) + weight <= limit;
};

/** Where the open window began, if windows begin with what is taken. */
const firstTake = (windowMs: number) => (history: readonly Taken[], now: number): number => {
  let start = -Infinity;
  for (const { at } of history) if (at >= start + windowMs) start = at;
  return now >= start + windowMs ? now : start;
};

const counter = (limit: number, windowMs: number): Oracle => (history, weight, now) => {
  const window = Math.floor(now / windowMs);
  const of = (index: number): number => sum(history.filter(({ at }) => Math.floor(at / windowMs) === index));
  return of(window) + Math.floor(of(window - 1) * (1 - (now / windowMs - window))) + weight <= limit;
};

/** With a clock on the wall that shows what the algorithm is told. */
function onTheWall(make: (wallClock: () => number) => RateAlgorithm): RateAlgorithm {
  let wall = 0;
  const algorithm = make(() => wall);
  const follow = (state: RateState): RateState =>
    new Proxy(state, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: number[]): unknown => {
          wall = args[1] ?? args[0] ?? 0;
          return Reflect.apply(member, target, args);
        };
      },
    });
  return { limit: algorithm.limit, windowMs: algorithm.windowMs, fresh: (now) => follow(algorithm.fresh(now)) };
}

const algorithms: Record<string, { readonly make: () => RateAlgorithm; readonly oracle: Oracle; readonly paceMs?: number }> = {
  "gcra 5 a second": { make: () => gcra({ limit: 5, perMs: 1000 }), oracle: leaky(5, 5 / 1000), paceMs: 200 },
  "gcra with a burst": { make: () => gcra({ limit: 10, perMs: 1000, burst: 3 }), oracle: leaky(3, 10 / 1000), paceMs: 100 },
  "gcra, evenly": { make: () => gcra({ limit: 4, perMs: 1000, burst: 1 }), oracle: leaky(1, 4 / 1000), paceMs: 250 },
  tokenBucket: { make: () => tokenBucket({ refillPerSecond: 8, burst: 6 }), oracle: leaky(6, 8 / 1000), paceMs: 125 },
  slidingLog: {
    make: () => slidingLog({ limit: 5, windowMs: 1000 }),
    oracle: (history, weight, now) => sum(history.filter(({ at }) => at > now - 1000)) + weight <= 5,
  },
  slidingCounter: { make: () => slidingCounter({ limit: 6, windowMs: 1000 }), oracle: counter(6, 1000) },
  "fixedWindow from the first take": { make: () => fixedWindow({ limit: 5, windowMs: 500 }), oracle: windowed(5, firstTake(500)) },
  "fixedWindow by the clock": {
    make: () => onTheWall((wallClock) => fixedWindow({ limit: 5, windowMs: 500, align: "epoch", wallClock })),
    oracle: windowed(5, (_, now) => Math.floor(now / 500) * 500),
  },
  spacing: {
    make: () => spacing({ everyMs: 100 }),
    oracle: (history, _, now) => now >= (history.at(-1)?.at ?? -Infinity) + 100 * (history.at(-1)?.weight ?? 0) - 1e-9,
  },
  "allOf a second and ten": {
    make: () => allOf(gcra({ limit: 5, perMs: 1000 }), slidingLog({ limit: 12, windowMs: 10_000 })),
    oracle: (history, weight, now) =>
      leaky(5, 5 / 1000)(history, weight, now) && sum(history.filter(({ at }) => at > now - 10_000)) + weight <= 12,
  },
};

const step = fc.record({ afterMs: fc.oneof(fc.nat(60), fc.nat(400), fc.constantFrom(0, 500, 999, 1000, 1001, 2500)), weight: fc.integer({ min: 1, max: 3 }) });
const steps = fc.array(step, { maxLength: 80 });

/** Replays it; a state cannot be copied. */
function replay(algorithm: RateAlgorithm, history: readonly { readonly afterMs: number; readonly weight: number }[]): { state: RateState; now: number } {
  const state = algorithm.fresh(0);
  let now = 0;
  for (const { afterMs, weight } of history) {
    now += afterMs;
    state.tryTake(weight, now);
  }
  return { state, now };
}

describe.each(Object.entries(algorithms))("%s", (_, { make, oracle, paceMs }) => {
  it("decides as a naive oracle does that remembers everything; a refusal changes nothing", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const state = make().fresh(0);
        const history: Taken[] = [];
        let now = 0;
        for (const { afterMs, weight } of all) {
          now += afterMs;
          const allowed = oracle(history, weight, now);
          expect(state.waitMs(weight, now) === 0).toBe(allowed);
          expect(state.tryTake(weight, now)).toBe(allowed);
          if (allowed) history.push({ at: now, weight });
        }
      }),
      { numRuns: 300 },
    );
  });

  it("B15: waiting for exactly waitMs succeeds, a microsecond less does not, and never is never", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), fc.nat(700), (all, weight, later) => {
        const { state, now: then } = replay(make(), all);
        const now = then + later;
        const waitMs = state.waitMs(weight, now);
        if (waitMs === Infinity) {
          for (const ms of [0, 1, 1e3, 1e6, 1e9]) expect(state.tryTake(weight, now + ms)).toBe(false);
        } else if (waitMs > 0) {
          expect(state.tryTake(weight, now + waitMs - 1e-3)).toBe(false);
          expect(state.waitMs(weight, now + waitMs)).toBe(0);
          expect(state.tryTake(weight, now + waitMs)).toBe(true);
        } else expect(state.tryTake(weight, now)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("B14, B22: remaining is what can be taken in ones, never negative, and all of it after resetAfterMs", () => {
    fc.assert(
      fc.property(steps, fc.nat(700), (all, later) => {
        const { state, now: then } = replay(make(), all);
        const now = then + later;
        const remaining = state.remaining(now);
        expect(remaining).toBeGreaterThanOrEqual(0);
        const reset = now + state.resetAfterMs(now);
        const fresh = make().fresh(reset).remaining(reset);
        const copy = replay(make(), all).state;
        expect(copy.remaining(reset)).toBe(fresh);
        let taken = 0;
        while (taken < 100 && state.tryTake(1, now)) taken += 1;
        expect(taken).toBe(remaining);
      }),
      { numRuns: 200 },
    );
  });

  it("B6: behind others the answer is never too long: whoever waits less could not have had it in turn", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 6 }), (all, others) => {
        const { state, now } = replay(make(), all);
        const told = state.waitMs(1, now, others);
        const copy = replay(make(), all).state;
        let at = now;
        for (let i = 0; i <= others; i += 1) {
          at += copy.waitMs(1, at);
          expect(copy.tryTake(1, at)).toBe(true);
        }
        expect(told).toBeLessThanOrEqual(at - now + 1e-3);
      }),
      { numRuns: 200 },
    );
  });

  it("B17: a refund gives back, and never more than there was at first", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), (all, weight) => {
        const { state, now } = replay(make(), all);
        const before = state.remaining(now);
        state.refund(weight, now);
        expect(state.remaining(now)).toBeGreaterThanOrEqual(before);
        expect(state.remaining(now)).toBeLessThanOrEqual(make().fresh(now).remaining(now));
      }),
    );
  });

  it("what is taken by force is missing, and comes back with time", () => {
    const state = make().fresh(0);
    state.penalise(50, 10_000);
    expect(state.remaining(10_000)).toBe(0);
    expect(state.tryTake(1, 10_000)).toBe(false);
    const reset = state.resetAfterMs(10_000);
    expect(state.remaining(10_000 + reset)).toBe(make().fresh(0).remaining(0));
  });

  it("B2: a hundred thousand takes lose and gain nothing by rounding", () => {
    const algorithm = make();
    const state = algorithm.fresh(0);
    let now = 0;
    for (let i = 0; i < 100_000; i += 1) {
      now += state.waitMs(1, now);
      if (!state.tryTake(1, now)) throw new Error(`refused at ${now}`);
    }
    if (paceMs !== undefined) expect(now / 100_000).toBeCloseTo(paceMs, 1);
  });
});

describe("gcra", () => {
  it("does what redis-cell's worked example says", () => {
    const state = gcra({ limit: 5, perMs: 5000 }).fresh(0);
    expect([state.tryTake(6, 0), state.waitMs(6, 0), state.remaining(0)]).toEqual([false, Infinity, 5]);
    const left = [1, 2, 3, 4, 5].map(() => (state.tryTake(1, 0) ? state.remaining(0) : NaN));
    expect(left).toEqual([4, 3, 2, 1, 0]);
    expect([state.tryTake(1, 0), state.waitMs(1, 0), state.resetAfterMs(0)]).toEqual([false, 1000, 5000]);
    const at = (now: number, weight: number): number[] => [state.tryTake(weight, now) ? 1 : 0, state.remaining(now), state.resetAfterMs(now)];
    expect(at(3000, 1)).toEqual([1, 2, 3000]);
    expect(at(3100, 1)).toEqual([1, 1, 3900]);
    expect(at(4000, 1)).toEqual([1, 1, 4000]);
    expect(at(8000, 1)).toEqual([1, 4, 1000]);
    expect(at(9500, 1)).toEqual([1, 4, 1000]);
    expect(at(9500, 2)).toEqual([1, 2, 3000]);
    expect([state.tryTake(5, 9500), state.remaining(9500), state.waitMs(5, 9500)]).toEqual([false, 2, 3000]);
  });

  it("5.6: may let nearly twice the limit through in one window, and says so", () => {
    const state = gcra({ limit: 100, perMs: 60_000 }).fresh(0);
    let accepted = 0;
    for (let now = 0; now <= 60_000; now += 100) while (state.tryTake(1, now)) accepted += 1;
    expect(accepted).toBe(200);
  });
});

describe("B3: limits at the edge", () => {
  const never = [gcra({ limit: 0, perMs: 1 }), gcra({ limit: 5, perMs: 1, burst: 0 }), tokenBucket({ refillPerSecond: 5, burst: 0 }), slidingLog({ limit: 0, windowMs: 1 }), slidingCounter({ limit: 0, windowMs: 1 }), fixedWindow({ limit: 0, windowMs: 1 })];
  it.each(never.map((algorithm, index) => [index, algorithm] as const))("nothing, for ever: %s", (_, algorithm) => {
    const state = algorithm.fresh(0);
    for (const now of [0, 1, 1e12]) expect([state.tryTake(1, now), state.waitMs(1, now), state.remaining(now)]).toEqual([false, Infinity, 0]);
  });

  const all = [gcra({ limit: Infinity, perMs: 1, burst: 0 }), tokenBucket({ refillPerSecond: Infinity, burst: 0 }), slidingLog({ limit: Infinity, windowMs: 1 }), slidingCounter({ limit: Infinity, windowMs: 1 }), fixedWindow({ limit: Infinity, windowMs: 1 }), spacing({ everyMs: 0 })];
  it.each(all.map((algorithm, index) => [index, algorithm] as const))("everything, at once: %s", (_, algorithm) => {
    const state = algorithm.fresh(0);
    for (let i = 0; i < 1000; i += 1) expect(state.tryTake(1000, 5)).toBe(true);
    expect(state.waitMs(1e9, 5)).toBe(0);
    expect(state.resetAfterMs(5)).toBe(0);
  });

  it("a bucket that is not refilled gives what is in it, once", () => {
    const state = tokenBucket({ refillPerSecond: 0, burst: 2 }).fresh(0);
    expect([state.tryTake(2, 0), state.tryTake(1, 1e12), state.waitMs(1, 1e12)]).toEqual([true, false, Infinity]);
  });

  it("a rate of one in 30 years works, and one of a billion a second", () => {
    const slow = gcra({ limit: 1, perMs: 1e12 }).fresh(0);
    expect([slow.tryTake(1, 0), slow.waitMs(1, 5e11), slow.tryTake(1, 1e12)]).toEqual([true, 5e11, true]);
    const fast = gcra({ limit: 1e9, perMs: 1000, burst: 1e6 }).fresh(0);
    let taken = 0;
    for (let now = 0; now < 10; now += 1) while (taken < 2e7 && fast.tryTake(1e5, now)) taken += 1e5;
    expect(taken).toBe(1e6 + 9e6);
  });

  it.each([
    [() => gcra({ limit: -1, perMs: 1 }), "limit must be a number from 0 to Infinity, got -1"],
    [() => gcra({ limit: 1, perMs: 0 }), "perMs must be a number"],
    [() => gcra({ limit: 1, perMs: 1, burst: NaN }), "burst must be a number"],
    [() => tokenBucket({ refillPerSecond: -1, burst: 1 }), "refillPerSecond must be a number"],
    [() => slidingLog({ limit: 1.5, windowMs: 1 }), "limit must be a whole number"],
    [() => slidingCounter({ limit: 1, windowMs: Infinity }), "windowMs must be a number"],
    [() => fixedWindow({ limit: 1, windowMs: -5 }), "windowMs must be a number"],
    [() => warmUp({ ratePerSecond: 0, warmUpMs: 1 }), "ratePerSecond must be a number"],
    [() => warmUp({ ratePerSecond: 1, warmUpMs: 1, coldFactor: 0.5 }), "coldFactor must be a number from 1"],
    [() => spacing({ everyMs: Infinity }), "everyMs must be a number"],
    [() => allOf(), "allOf needs at least one algorithm"],
    [() => calendarWindow({ limit: 1, unit: "day", timeZone: "Mars/Base" }), 'timeZone must be one that the platform knows, got "Mars/Base"'],
  ])("a wrong option is refused and named: %s", (make, message) => {
    expect(make).toThrow(message);
  });
});

describe("windows", () => {
  it("B7, B9: let twice the limit through around an edge, and never more", () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (all, isByEpoch) => {
        const byEpoch = onTheWall((wallClock) => fixedWindow({ limit: 5, windowMs: 500, align: "epoch", wallClock }));
        const state = (isByEpoch ? byEpoch : fixedWindow({ limit: 5, windowMs: 500 })).fresh(0);
        const taken: Taken[] = [];
        let now = 0;
        for (const { afterMs, weight } of all) {
          now += afterMs;
          if (state.tryTake(weight, now)) taken.push({ at: now, weight });
        }
        for (const { at } of taken) expect(sum(taken.filter((other) => other.at >= at && other.at < at + 500))).toBeLessThanOrEqual(10);
      }),
    );
  });

  it("B11: the log is exact in every window", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const state = slidingLog({ limit: 5, windowMs: 500 }).fresh(0);
        const taken: Taken[] = [];
        let now = 0;
        for (const { afterMs, weight } of all) {
          now += afterMs;
          if (state.tryTake(weight, now)) taken.push({ at: now, weight });
        }
        for (const { at } of taken) expect(sum(taken.filter((other) => other.at >= at && other.at < at + 500))).toBeLessThanOrEqual(5);
      }),
    );
  });

  it("B12: the counter forgets a window that is older than one window", () => {
    const state = slidingCounter({ limit: 10, windowMs: 1000 }).fresh(0);
    expect(state.tryTake(10, 500)).toBe(true);
    expect(state.remaining(1000)).toBe(0);
    expect(state.remaining(2000)).toBe(10);
    expect(state.remaining(2500)).toBe(10);
  });

  it("5.6: the counter refuses a quarter and more of legal bursts, which the log and GCRA let through", () => {
    const accepted = (algorithm: RateAlgorithm): number => {
      const state = algorithm.fresh(0);
      let count = 0;
      for (let burst = 0; burst < 300; burst += 1) for (let i = 0; i < 100; i += 1) if (state.tryTake(1, burst * 61_000)) count += 1;
      return count / 30_000;
    };
    expect(accepted(slidingLog({ limit: 100, windowMs: 60_000 }))).toBe(1);
    expect(accepted(gcra({ limit: 100, perMs: 60_000 }))).toBe(1);
    expect(accepted(slidingCounter({ limit: 100, windowMs: 60_000 }))).toBeLessThan(0.75);
  });
});

describe("calendarWindow", () => {
  const at = (text: string): number => Date.parse(text);
  const resetIn = (unit: "minute" | "hour" | "day" | "month", timeZone: string, wall: string): number => {
    const state = calendarWindow({ limit: 1, unit, timeZone, wallClock: () => at(wall) }).fresh(0);
    state.tryTake(1, 77);
    return state.resetAfterMs(77) / 3_600_000;
  };

  it.each([
    ["day", "UTC", "2026-11-23T23:00:00Z", 1],
    ["day", "Europe/Zurich", "2026-11-23T23:00:00Z", 24],
    ["day", "America/New_York", "2026-03-08T05:00:00Z", 23], // the day on which clocks go forward
    ["day", "America/New_York", "2026-11-01T04:00:00Z", 25], // and back
    ["day", "Asia/Kolkata", "2026-05-05T18:00:00Z", 0.5],
    ["month", "UTC", "2026-02-01T00:00:00Z", 28 * 24],
    ["month", "UTC", "2028-02-01T00:00:00Z", 29 * 24],
    ["month", "Europe/Zurich", "2026-12-31T22:59:00Z", 1 / 60],
    ["hour", "Asia/Kolkata", "2026-05-05T18:00:00Z", 0.5],
    ["minute", "UTC", "2026-05-05T18:00:30.250Z", 29.75 / 3600],
  ] as const)("B10: one %s of %s, from %s, ends in %d h", (unit, timeZone, wall, hours) => {
    expect(resetIn(unit, timeZone, wall)).toBeCloseTo(hours, 9);
  });

  it("counts in the window of the wall's clock, and is not moved by setting it", () => {
    let wall = at("2026-11-23T12:00:00Z");
    const state = calendarWindow({ limit: 2, unit: "hour", wallClock: () => wall }).fresh(0);
    expect([state.tryTake(2, 0), state.waitMs(1, 0)]).toEqual([true, 3_600_000]);
    wall += 7_200_000; // somebody sets the clock
    expect(state.tryTake(1, 1000)).toBe(false);
    expect(state.tryTake(1, 3_600_000)).toBe(true);
  });
});

describe("warmUp", () => {
  const drain = (state: RateState, from: number, permits: number): number[] => {
    const times: number[] = [];
    let now = from;
    for (let i = 0; i < permits; i += 1) {
      now += state.waitMs(1, now);
      expect(state.tryTake(1, now)).toBe(true);
      times.push(now);
    }
    return times;
  };

  it("starts coldFactor times slower, takes warmUpMs to be warm, and is then as fast as it says", () => {
    const state = warmUp({ ratePerSecond: 10, warmUpMs: 4000 }).fresh(0);
    const times = drain(state, 0, 60);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps[0]).toBeGreaterThan(270);
    expect(gaps[0]).toBeLessThan(300);
    for (let i = 1; i < gaps.length; i += 1) expect(gaps[i]).toBeLessThanOrEqual((gaps[i - 1] ?? 0) + 1e-6);
    // The slope holds 2 x 4000 / (100 + 300) = 20 permits, and taking them takes the warm-up time.
    expect(times[20]).toBeCloseTo(4000, 6);
    expect(gaps.at(-1)).toBeCloseTo(100, 6);
  });

  it("B23: saturated, then idle, it is cold again, and half cold after half the time", () => {
    const algorithm = warmUp({ ratePerSecond: 10, warmUpMs: 4000 });
    const gapAfter = (idleMs: number): number => {
      const state = algorithm.fresh(0);
      const end = drain(state, 0, 100).at(-1) ?? 0;
      const [first = 0, second = 0] = drain(state, end + 100 + idleMs, 2);
      return second - first;
    };
    expect(gapAfter(0)).toBeCloseTo(100, 6);
    expect(gapAfter(4000)).toBeGreaterThan(270);
    expect(gapAfter(3000)).toBeGreaterThan(150);
    expect(gapAfter(3000)).toBeLessThan(270);
  });

  it("the next one pays for a heavy one; nothing is refused for its weight", () => {
    const state = warmUp({ ratePerSecond: 10, warmUpMs: 1, coldFactor: 1 }).fresh(0);
    expect(state.tryTake(100, 0)).toBe(true);
    expect(state.waitMs(1, 0)).toBeGreaterThan(9_000);
    expect(state.tryTake(1, 5_000)).toBe(false);
  });
});

describe("spacing", () => {
  it("B16: from the start of one to the start of the next, or from its end", () => {
    const start = spacing({ everyMs: 100 }).fresh(0);
    expect([start.tryTake(1, 0), start.tryTake(1, 99), start.tryTake(1, 100)]).toEqual([true, false, true]);
    const end = spacing({ everyMs: 100, from: "end" }).fresh(0);
    expect([end.tryTake(1, 0), end.tryTake(1, 500), end.isBusy]).toEqual([true, false, true]);
    end.ended?.(600);
    expect([end.isBusy, end.waitMs(1, 600), end.tryTake(1, 699), end.tryTake(1, 700)]).toEqual([false, 100, false, true]);
  });
});

describe("tokenBucket reservations", () => {
  const bucket = () => tokenBucket({ refillPerSecond: 10, burst: 2 }).fresh(0); // a token each 100 ms

  it("books ahead, each behind the last, and writes nothing when it is too late or too much", () => {
    const state = bucket();
    expect([2, 1, 2].map((weight) => state.reserve(weight, 0, Infinity)?.at)).toEqual([0, 100, 300]);
    expect([state.reserve(1, 0, 399), state.reserve(3, 0, Infinity)]).toEqual([undefined, undefined]);
    expect(state.reserve(1, 0, 400)?.at).toBe(400);
    expect(state.tryTake(1, 399)).toBe(false);
  });

  it("B4: cancelling the last gives all of it back", () => {
    const state = bucket();
    state.tryTake(2, 0);
    const booking = state.reserve(2, 0, Infinity);
    if (booking !== undefined) state.cancel(booking, 0);
    expect(state.waitMs(1, 0)).toBe(100);
  });

  it("B4: cancelling one gives back only what nobody has booked behind it", () => {
    const state = bucket();
    state.tryTake(2, 0);
    const first = state.reserve(2, 0, Infinity); // at 200
    const second = state.reserve(1, 0, Infinity); // at 300
    if (first !== undefined) state.cancel(first, 0);
    expect(second?.at).toBe(300);
    expect(state.waitMs(1, 0)).toBe(300); // of the two tokens one is promised to the second
  });

  it("B4: cancelling after its time, or twice, changes nothing", () => {
    const state = bucket();
    state.tryTake(2, 0);
    const booking = state.reserve(1, 0, Infinity);
    if (booking === undefined) throw new Error("expected a booking");
    state.cancel(booking, 101);
    expect(state.waitMs(2, 101)).toBeCloseTo(199, 6);
  });

  it("whatever is booked and cancelled, at no time more tokens act than have dropped in", () => {
    const act = fc.oneof(
      fc.record({ type: fc.constant("book" as const), weight: fc.integer({ min: 1, max: 3 }), maxDelayMs: fc.constantFrom(0, 200, Infinity) }),
      fc.record({ type: fc.constant("cancel" as const), index: fc.nat(10) }),
      fc.record({ type: fc.constant("advance" as const), ms: fc.nat(300) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const state = tokenBucket({ refillPerSecond: 10, burst: 3 }).fresh(0);
        const booked: { readonly at: number; readonly weight: number; cancelled: boolean }[] = [];
        const bookings: (ReturnType<typeof state.reserve> & object)[] = [];
        let now = 0;
        for (const each of acts) {
          if (each.type === "advance") now += each.ms;
          else if (each.type === "book") {
            const booking = state.reserve(each.weight, now, each.maxDelayMs);
            if (booking === undefined) continue;
            expect(booking.at).toBeGreaterThanOrEqual(now);
            expect(booking.at).toBeLessThanOrEqual(now + each.maxDelayMs);
            bookings.push(booking);
            booked.push({ at: booking.at, weight: booking.weight, cancelled: false });
          } else {
            const index = each.index % Math.max(1, bookings.length);
            const booking = bookings[index];
            const record = booked[index];
            if (booking === undefined || record === undefined || record.cancelled) continue;
            state.cancel(booking, now);
            if (booking.at >= now) record.cancelled = true;
          }
        }
        const live = booked.filter(({ cancelled }) => !cancelled).sort((one, other) => one.at - other.at);
        for (const [first, { at: from }] of live.entries()) {
          let acted = 0;
          for (const { at, weight } of live.slice(first)) {
            acted += weight;
            expect(acted).toBeLessThanOrEqual(3 + (at - from) / 100 + 1e-6);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
