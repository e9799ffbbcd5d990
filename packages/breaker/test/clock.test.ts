import { systemClock, type Clock } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { Breaker, consecutiveFailures, countWindow } from "@breakwater/breaker";
import { describe, expect, it, vi } from "vitest";
import { acquire, fail, makeBreaker, rejecting, succeed, transitionsOf } from "./helpers.ts";

/** Counts how often it is asked, and may not be asked for a timer. */
class CountingClock implements Clock {
  time = 1_000;
  readings = 0;

  now(): number {
    this.readings += 1;
    return this.time;
  }

  setTimer(): never {
    throw new Error("a breaker sets no timer");
  }
}

describe("time", () => {
  it("the break ends exactly breakMs after the failure that began it", () => {
    const { breaker, clock } = makeBreaker();
    fail(breaker);
    clock.jump(99);
    expect([breaker.state, breaker.retryAfterMs]).toEqual(["open", 1]);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.jump(1);
    expect([breaker.state, breaker.retryAfterMs]).toEqual(["half-open", 0]);
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it("asking for the state changes nothing: it turns half-open when a caller comes", () => {
    const { breaker, clock } = makeBreaker();
    const seen = transitionsOf(breaker);
    fail(breaker);
    clock.jump(1_000_000);
    for (const ask of ["state", "retryAfterMs", "stats", "state"] as const) expect(breaker[ask]).toBeDefined();
    expect(seen).toEqual(["opened"]);
    acquire(breaker);
    expect(seen).toEqual(["opened", "halfOpened"]);
  });

  it("a closed breaker reads no clock, however calls end", async () => {
    for (const trip of [consecutiveFailures(), countWindow({ size: 10, failureRatio: 1 })]) {
      const clock = new CountingClock();
      const breaker = new Breaker({ trip, clock });
      const { signal } = new AbortController();
      await breaker.run(() => 1);
      await breaker.layer(async () => 1)(1, { signal });
      await breaker.run(rejecting("x")).catch(() => undefined);
      acquire(breaker).neutral();
      expect([breaker.state, breaker.retryAfterMs]).toEqual(["closed", 0]);
      expect(clock.readings).toBe(0);
    }
  });

  it("the clock is read once for an opening, a refusal, a probe and a question", async () => {
    const clock = new CountingClock();
    const breaker = new Breaker({ trip: consecutiveFailures(1), breakMs: 100, clock });
    const readings = (action: () => unknown): number => {
      const before = clock.readings;
      action();
      return clock.readings - before;
    };
    expect(readings(() => fail(breaker))).toBe(1);
    expect(readings(() => breaker.tryAcquire())).toBe(1);
    expect(readings(() => breaker.run(() => 1).catch(() => undefined))).toBe(1);
    expect(readings(() => breaker.state)).toBe(1);
    expect(readings(() => breaker.retryAfterMs)).toBe(1);
    clock.time += 100;
    let probe = (): void => undefined;
    expect(readings(() => {
      const permit = acquire(breaker);
      probe = () => permit.success();
    })).toBe(1);
    expect(readings(probe)).toBe(1);
  });

  it("when a ramp is over no clock is read any more", () => {
    const clock = new CountingClock();
    const breaker = new Breaker({ trip: consecutiveFailures(3), rampMs: 1_000, clock });
    breaker.forceOpen(10);
    clock.time += 10;
    succeed(breaker);
    clock.time += 1_000;
    succeed(breaker);
    const before = clock.readings;
    for (let i = 0; i < 10; i += 1) succeed(breaker);
    expect(clock.readings).toBe(before);
  });

  it("no timer is set, and none is left (E3, E4, E6)", () => {
    const { breaker, clock } = makeBreaker({ breakMs: 2 ** 31, probeTimeoutMs: 2 ** 40 });
    fail(breaker);
    clock.jump(2 ** 31 - 1);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.jump(1);
    acquire(breaker);
    expect(clock.pendingTimers).toBe(0);
    clock.jump(2 ** 40);
    succeed(breaker);
    expect(breaker.state).toBe("closed");
  });

  it("a break of Infinity ends by reset only (E4)", async () => {
    const { breaker, clock } = makeBreaker({ breakMs: Infinity });
    fail(breaker);
    clock.jump(1e300);
    expect([breaker.state, breaker.retryAfterMs]).toEqual(["open", Infinity]);
    await expect(breaker.run(() => 1)).rejects.toThrow("breaker is open until it is reset");
    breaker.reset();
    expect(await breaker.run(() => 1)).toBe(1);
  });

  it("a clock that jumps years ahead just ends the break", () => {
    const { breaker, clock } = makeBreaker();
    fail(breaker);
    clock.jump(10 * 365 * 86_400_000);
    succeed(breaker);
    expect(breaker.state).toBe("closed");
  });

  it("a clock that goes back an hour prolongs a break by one break at most (E1)", () => {
    const { breaker, clock } = makeBreaker();
    fail(breaker);
    clock.jump(-3_600_000);
    expect(breaker.retryAfterMs).toBe(100);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.jump(99);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.jump(1);
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it("a clock that goes back prolongs a lease by one lease at most (E1)", () => {
    const { breaker, clock } = makeBreaker({ probeTimeoutMs: 10 });
    fail(breaker);
    clock.jump(100);
    acquire(breaker);
    clock.jump(-3_600_000);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.jump(10);
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it("waiting what retryAfterMs says is long enough, also with fractions", () => {
    for (const start of [0.1, 1e9 + 1 / 3, 123.456]) {
      const clock = new ManualClock(start);
      const breaker = new Breaker({ trip: consecutiveFailures(1), breakMs: 33.3, clock });
      fail(breaker);
      expect(breaker.retryAfterMs).toBeLessThanOrEqual(33.3);
      clock.jump(Math.ceil(breaker.retryAfterMs ?? NaN));
      expect(breaker.tryAcquire()).toBeDefined();
    }
  });

  it("without a clock of its own it reads the monotonic one, never the wall clock (E1)", () => {
    const wall = vi.spyOn(Date, "now");
    const monotonic = vi.spyOn(systemClock, "now");
    const breaker = new Breaker({ trip: consecutiveFailures(1) });
    fail(breaker);
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(monotonic).toHaveBeenCalled();
    expect(wall).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });
});
