import { CoarseClock, systemClock } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { describe, expect, it } from "vitest";

describe("CoarseClock", () => {
  it("is never behind by more than its resolution, and reads its source once in that time", () => {
    const source = new ManualClock(1_000);
    let readings = 0;
    const clock = new CoarseClock(10, {
      now: () => {
        readings += 1;
        return source.now();
      },
      setTimer: (callback, delayMs) => source.setTimer(callback, delayMs),
    });
    for (let ms = 0; ms < 1_000; ms += 1) {
      expect(source.now() - clock.now()).toBeLessThan(10);
      clock.now();
      source.advance(1);
    }
    expect(readings).toBeLessThanOrEqual(101);
  });

  it("stops when nobody reads, and is right at the first reading after that", () => {
    const source = new ManualClock(1_000);
    const clock = new CoarseClock(10, source);
    expect(clock.now()).toBe(1_000);
    expect([source.pendingTimers, source.pendingRefTimers]).toEqual([1, 0]);
    source.advance(20);
    expect(source.pendingTimers).toBe(0);
    source.advance(3_600_000);
    expect(clock.now()).toBe(source.now());
  });

  it("never goes back, and leaves timers to its source", () => {
    const source = new ManualClock(5);
    const clock = new CoarseClock(10, source);
    let [last, fired] = [-Infinity, 0];
    clock.setTimer(() => (fired += 1), 7);
    for (const ms of [1, 25, 0, 3, 100, 9, 10, 11]) {
      source.advance(ms);
      expect(clock.now()).toBeGreaterThanOrEqual(last);
      last = clock.now();
    }
    expect(fired).toBe(1);
    expect(Math.abs(new CoarseClock().now() - systemClock.now())).toBeLessThan(1_000);
  });

  it("refuses a wrong resolution", () => {
    for (const wrong of [0, -1, NaN, Infinity]) expect(() => new CoarseClock(wrong)).toThrow(`resolutionMs must be a number from 1 to ${Number.MAX_VALUE}, got ${wrong}`);
  });
});
