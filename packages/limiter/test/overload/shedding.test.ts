import { isRejected } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import {
  eventLoopDelay,
  eventLoopUtilization,
  levels,
  PriorityCursor,
  queueDelay,
  Shedder,
  UpstreamCursor,
  type OverloadSignal,
  type ShedderOptions,
} from "@breakwater/limiter";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { errorOf, FakeMeter } from "../helpers.ts";

describe("eventLoopDelay", () => {
  it("D5: reads nothing when idle, and the lateness of a timer when not, once", () => {
    const clock = new ManualClock(1_000);
    const signal = eventLoopDelay({ maxMs: 50, sampleMs: 20 });
    signal.start?.(clock);
    signal.start?.(clock);
    clock.advance(1_000);
    expect(signal.read(clock.now())).toBe(0);
    clock.jump(100); // blocked
    clock.advance(0);
    expect(signal.read(clock.now())).toBeCloseTo(80 / 50, 6);
    clock.advance(100);
    expect(signal.read(clock.now())).toBe(0);
  });

  it("sees a block that is going on, and its one timer neither holds the process nor outlives a stop", () => {
    const clock = new ManualClock();
    const signal = eventLoopDelay();
    expect(signal.read(0)).toBe(0);
    signal.start?.(clock);
    expect([clock.pendingTimers, clock.pendingRefTimers]).toEqual([1, 0]);
    clock.jump(120);
    expect(signal.read(120)).toBeCloseTo(2, 6);
    signal.stop?.();
    signal.stop?.();
    expect([clock.pendingTimers, signal.read(500)]).toEqual([0, 0]);
  });
});

describe("eventLoopUtilization", () => {
  it("D5: is measured from one reading to the next, not since the process began", () => {
    let times = { idle: 1_000_000, active: 0 };
    const signal = eventLoopUtilization({ max: 0.5, read: () => times });
    times = { idle: 1_000_100, active: 900 };
    expect(signal.read(0)).toBeCloseTo(1.8, 6);
    times = { idle: 1_001_100, active: 900 };
    expect(signal.read(0)).toBe(0);
    expect(signal.read(0)).toBe(0);
  });

  it("reads the platform's own, and says so where there is none", () => {
    const { performance } = globalThis;
    expect(eventLoopUtilization().read(0)).toBeGreaterThanOrEqual(0);
    try {
      Object.defineProperty(globalThis, "performance", { value: {}, configurable: true });
      expect(() => eventLoopUtilization()).toThrow("eventLoopUtilization needs the option read");
    } finally {
      Object.defineProperty(globalThis, "performance", { value: performance, configurable: true });
    }
  });
});

it("queueDelay compares the mean of a window, or its least, with what is allowed, and forgets it", () => {
  const mean = queueDelay({ maxMs: 20 });
  const least = queueDelay({ maxMs: 20, of: "least" });
  for (const waitMs of [0, 60]) for (const signal of [mean, least]) signal.record(waitMs);
  expect([mean.read(), least.read(), mean.read(), least.read()]).toEqual([1.5, 0, 0, 0]);
});

describe("PriorityCursor", () => {
  const fill = (cursor: PriorityCursor, perLevel: number): number => {
    let admitted = 0;
    for (let level = 0; level < cursor.levels; level += 1) for (let i = 0; i < perLevel; i += 1) if (cursor.admits(level)) admitted += 1;
    return admitted;
  };

  it("gives up 5 % of those admitted in a window with overload, and takes 1 % of those who come back in one without", () => {
    const cursor = new PriorityCursor({ levels: 1000 });
    fill(cursor, 2);
    cursor.endWindow(true);
    expect(fill(cursor, 2)).toBe(1900);
    cursor.endWindow(true);
    expect(fill(cursor, 2)).toBe(1804); // 5 % of 1900 are 95, which are 48 levels
    cursor.endWindow(false);
    expect(fill(cursor, 2)).toBe(1824);
  });

  it("D1: a step up is at most 1 % of the levels, though nobody comes from beyond the cursor", () => {
    const bounded = new PriorityCursor({ levels: 1000 });
    const unbounded = new PriorityCursor({ levels: 1000, maxStepRatio: 1 });
    for (const cursor of [bounded, unbounded]) {
      for (let window = 0; window < 30; window += 1) {
        fill(cursor, 1);
        cursor.endWindow(true);
      }
      const { position } = cursor;
      for (let level = 0; level < position; level += 1) cursor.admits(level); // the rest is dropped upstream
      cursor.endWindow(false);
      expect(cursor.position).toBe(cursor === bounded ? position + 10 : 1000); // the trap: everything is open again
    }
  });

  it("D3: never admits a level while it sheds a more important one, and never sheds what is protected", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ arrivals: fc.array(fc.nat(9), { maxLength: 60 }), isOverloaded: fc.boolean() }), { maxLength: 40 }), (windows) => {
        const cursor = new PriorityCursor({ levels: 10, protectedLevels: 2 });
        for (const { arrivals, isOverloaded } of windows) {
          const verdicts = arrivals.map((level) => [level, cursor.admits(level)] as const);
          const levelsThat = (are: boolean): number[] => verdicts.filter(([, isAdmitted]) => isAdmitted === are).map(([level]) => level);
          const mostImportantShed = Math.min(...levelsThat(false));
          expect(mostImportantShed).toBeGreaterThanOrEqual(2);
          expect(Math.max(...levelsThat(true))).toBeLessThan(mostImportantShed);
          const admitted = verdicts.filter(([, is]) => is).length;
          const before = cursor.position;
          cursor.endWindow(isOverloaded);
          if (isOverloaded) expect(cursor.position).toBeLessThanOrEqual(before);
          else expect(cursor.position - before).toBeLessThanOrEqual(1);
          if (isOverloaded && admitted > 0 && before > 2) expect(cursor.position).toBeLessThan(before);
        }
      }),
    );
  });

  it("wrong options are refused and named", () => {
    expect(() => new PriorityCursor({ levels: 0 })).toThrow("levels must be a whole number from 1");
    expect(() => new PriorityCursor({ levels: 2, protectedLevels: 3 })).toThrow("protectedLevels must be a whole number from 0 to 2");
  });
});

describe("levels", () => {
  it("D2: a user has one level everywhere for an hour, then another", () => {
    let wall = 0;
    const { count, levelOf } = levels({ priorities: 10, wallClock: () => wall });
    expect(count).toBe(1280);
    const before = ["anna", "bert", "carl", "dora"].map((user) => levelOf(3, user));
    wall += 3_599_999;
    expect(["anna", "bert", "carl", "dora"].map((user) => levelOf(3, user))).toEqual(before);
    for (const level of before) expect(level >> 7).toBe(3);
    wall += 1;
    expect(["anna", "bert", "carl", "dora"].map((user) => levelOf(3, user))).not.toEqual(before);
    expect(levelOf(99, "x") >> 7).toBe(9);
  });

  it("spreads users evenly", () => {
    const { levelOf } = levels({ priorities: 1, usersPerPriority: 8, wallClock: () => 0 });
    const counts = new Array<number>(8).fill(0);
    for (let i = 0; i < 8000; i += 1) {
      const level = levelOf(0, `user-${i}`);
      counts[level] = (counts[level] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

it("UpstreamCursor drops what would be shed, and believes it only for a while", () => {
  const cursor = new UpstreamCursor({ maxAgeMs: 1000 });
  expect(cursor.admits(999, 0)).toBe(true);
  cursor.hear(5, 100);
  expect([cursor.admits(4, 200), cursor.admits(5, 200), cursor.admits(5, 1101)]).toEqual([true, false, true]);
});

describe("Shedder", () => {
  function made(options: Partial<ShedderOptions> = {}) {
    const clock = new ManualClock(1_000);
    const signal: OverloadSignal & { pressure: number } = { name: "test", pressure: 0, read: () => signal.pressure };
    const shedder = new Shedder({ signals: [signal], clock, ...options });
    const window = (pressure: number, calls = 80): void => {
      signal.pressure = pressure;
      for (let i = 0; i < calls; i += 1) shedder.tryAdmit(i % 8);
      clock.advance(1_000);
    };
    return { clock, signal, shedder, window };
  }

  it("sheds the least important first while overloaded, and lets them back in one after the other", async () => {
    const { shedder, window } = made();
    window(0);
    for (let i = 0; i < 4; i += 1) window(2);
    shedder.tryAdmit(0);
    expect(shedder.position).toBe(3);
    const error = await errorOf(shedder.run(async () => 1, { priority: 6 }));
    expect(error).toMatchObject({ code: "ERR_LIMITER_REJECTED", reason: "overloaded", message: "shedder sheds level 6: below 3 are admitted", retryAfterMs: 1000 });
    expect(await shedder.run(async () => 1, { priority: 1 })).toBe(1);
    for (let i = 0; i < 7; i += 1) window(0.5);
    expect(shedder.position).toBe(8);
    expect(shedder.stats).toMatchObject({ isOverloaded: false, signal: "test", pressure: 0.5 });
  });

  it("D3: what is critical is never shed, and calls without a priority have a level that is known", async () => {
    const { shedder, window } = made({ defaultLevel: 7 });
    for (let i = 0; i < 20; i += 1) window(9);
    expect([shedder.tryAdmit(0), shedder.tryAdmit(1), shedder.tryAdmit()]).toEqual([true, false, false]);
    const service = shedder.layer(async (input: number) => input);
    expect(await service(7, { priority: 0 })).toBe(7);
    expect(isRejected(await errorOf(service(7, {})))).toBe(true);
  });

  it("D6: a call that nobody waits for any more is refused, whatever its priority", async () => {
    const { shedder } = made();
    expect(await errorOf(shedder.run(async () => 1, { deadlineAt: 1_000, priority: 0 }))).toMatchObject({ reason: "deadline" });
    expect(await errorOf(shedder.run(async () => 1, { signal: AbortSignal.abort("gone") }))).toBe("gone");
    expect(shedder.stats.shed).toBe(0);
  });

  it("tells of overload and recovery once, with the signal that is to blame, and counts", async () => {
    const meter = new FakeMeter();
    const calm = { name: "calm", read: () => 0.1 };
    const { clock, signal, shedder } = made({ meter, name: "front" });
    const both = new Shedder({ signals: [calm, signal], clock });
    const events: unknown[] = [];
    both.on("overloaded", (event) => events.push(event));
    both.on("recovered", () => events.push("recovered"));
    for (const pressure of [0, 3, 2, 0, 0]) {
      both.tryAdmit();
      signal.pressure = pressure;
      clock.advance(1_000);
    }
    both.tryAdmit();
    expect(events).toEqual([{ signal: "test", pressure: 3 }, "recovered"]);
    for (let i = 0; i < 9; i += 1) {
      signal.pressure = 2;
      shedder.tryAdmit(7);
      clock.advance(1_000);
    }
    const heard: number[] = [];
    shedder.on("rejected", ({ level }) => heard.push(level));
    await errorOf(shedder.run(async () => 1, { priority: 99 }));
    expect(heard).toEqual([7]);
    expect(meter.counts.get('breakwater.limiter.rejections {"name":"front","reason":"overloaded"}')).toBe(1);
  });

  it("a window ends after so many calls, too", () => {
    const { shedder, signal } = made({ windowCalls: 10 });
    signal.pressure = 2;
    for (let i = 0; i < 21; i += 1) shedder.tryAdmit(i % 8);
    expect(shedder.position).toBeLessThan(8);
  });

  it("takes a signal that cannot be read for one that tells of nothing, with a warning, and fails no call", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => warned.mockRestore());
    const failure = new Error("read");
    const broken: OverloadSignal = { name: "broken", read: () => { throw failure; } };
    const sound: OverloadSignal = { name: "sound", read: () => 0.5 };
    const clock = new ManualClock();
    const shedder = new Shedder({ signals: [broken, sound], clock });
    expect(await shedder.run(async () => 1)).toBe(1);
    clock.advance(1_000);
    expect(await shedder.run(async () => 2)).toBe(2);
    expect([shedder.stats.signal, warned.mock.calls[0]?.[0]]).toEqual(["sound", failure]);
  });

  it("passes on what the work throws, starts and stops its signals, and refuses wrong options", async () => {
    const oops = new Error("oops");
    const { shedder } = made();
    expect(await errorOf(shedder.run(() => { throw oops; }))).toBe(oops);
    const clock = new ManualClock();
    const timed = new Shedder({ signals: [eventLoopDelay()], clock });
    timed.start();
    expect(clock.pendingTimers).toBe(1);
    timed.stop();
    expect(clock.pendingTimers).toBe(0);
    expect(() => new Shedder({ signals: [] })).toThrow("signals must hold at least one");
    expect(() => made({ defaultLevel: 8 })).toThrow("defaultLevel must be a whole number from 0 to 7, got 8");
    expect(() => eventLoopDelay({ maxMs: 0 })).toThrow(RangeError);
    // @ts-expect-error not one of them
    expect(() => queueDelay({ of: "median" })).toThrow('of must be "mean" or "least", got median');
  });
});
