import { noopMeter, systemClock } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

describe("the system's clock", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("calls back once, when the time has come", () => {
    const callback = vi.fn();
    systemClock.setTimer(callback, 100);
    vi.advanceTimersByTime(99);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it("keeps delays beyond 2^31-1 ms, where the platform would fire at once", () => {
    const callback = vi.fn();
    systemClock.setTimer(callback, 2 ** 31 + 500);
    vi.advanceTimersByTime(2 ** 31);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(500);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it("never fires after Infinity, and sets no timer for it", () => {
    systemClock.setTimer(vi.fn(), Infinity).cancel();
    systemClock.setTimer(vi.fn(), Infinity).unref();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits on when the platform fires early", () => {
    const callback = vi.fn();
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    systemClock.setTimer(callback, 10);
    now.mockReturnValue(9.4);
    vi.advanceTimersByTime(10);
    expect(callback).not.toHaveBeenCalled();
    now.mockReturnValue(10.4);
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
    now.mockRestore();
  });

  it("cancels, however often and whenever", () => {
    const callback = vi.fn();
    const timer = systemClock.setTimer(callback, 10);
    timer.cancel();
    timer.cancel();
    vi.advanceTimersByTime(20);
    expect(callback).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a timer of the system's clock", () => {
  it("that is unref'd stays so", () => {
    const timer = systemClock.setTimer(() => undefined, 1e9);
    const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    timer.unref();
    timer.unref();
    expect(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length).toBe(before - 1);
    timer.cancel();
    timer.unref();
  });
});

describe("a timer of the system's clock that is ref'd again", () => {
  it("keeps the process alive as before", () => {
    const count = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const timer = systemClock.setTimer(() => undefined, 1e9);
    const before = count();
    timer.unref();
    timer.ref?.();
    expect(count()).toBe(before);
    timer.cancel();
    timer.ref?.();
    expect(count()).toBe(before - 1);
  });
});

describe("a manual clock", () => {
  it("fires in order of time, then of creation, each at its own time", () => {
    const clock = new ManualClock(100);
    const log: string[] = [];
    const note = (name: string) => () => log.push(`${name} at ${clock.now()}`);
    clock.setTimer(note("b"), 20);
    clock.setTimer(note("a"), 10);
    clock.setTimer(note("c"), 20);
    clock.setTimer(note("never"), Infinity);
    clock.advance(30);
    expect(log).toEqual(["a at 110", "b at 120", "c at 120"]);
    expect([clock.now(), clock.pendingTimers]).toEqual([130, 0]);
  });

  it("fires what a callback sets, if that falls due too", () => {
    const clock = new ManualClock();
    const last = vi.fn();
    clock.setTimer(() => clock.setTimer(last, 5), 5);
    clock.advance(10);
    expect(last).toHaveBeenCalledTimes(1);
  });

  it("lets promises go on between timers when it is told to", async () => {
    const clock = new ManualClock();
    const log: string[] = [];
    const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimer(resolve, ms));
    const work = (async () => {
      await wait(10);
      log.push(`first at ${clock.now()}`);
      await wait(10);
      log.push(`second at ${clock.now()}`);
    })();
    await clock.advanceAsync(20);
    await work;
    expect(log).toEqual(["first at 10", "second at 20"]);
  });

  it("jumps without firing, and counts what would hold a process", async () => {
    const clock = new ManualClock();
    const callback = vi.fn();
    clock.setTimer(callback, 10).unref();
    clock.setTimer(callback, 20);
    clock.jump(100);
    await settled();
    expect(callback).not.toHaveBeenCalled();
    expect([clock.pendingTimers, clock.pendingRefTimers]).toEqual([2, 1]);
    clock.jump(-50);
    expect(clock.now()).toBe(50);
  });
});

describe("the meter that measures nothing", () => {
  it("takes everything", () => {
    noopMeter.counter("c").add(1);
    noopMeter.histogram("h").record(1);
    noopMeter.gauge("g", () => 1)();
  });
});
