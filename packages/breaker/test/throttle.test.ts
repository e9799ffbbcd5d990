import { isRejected, RejectedError } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { AdaptiveThrottle, ThrottledError, type AdaptiveThrottleOptions, type BreakerPermit } from "@breakwater/breaker";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { catchWarnings, errorOf, FakeMeter, rejecting, throwing, times } from "./helpers.ts";

function makeThrottle(random = 0.5, options: AdaptiveThrottleOptions = {}): { clock: ManualClock; throttle: AdaptiveThrottle } {
  const clock = new ManualClock(1_000);
  const throttle = new AdaptiveThrottle({ clock, random: () => random, windowMs: 24_000, minRequestsPerSecond: 1, ...options });
  return { clock, throttle };
}

const send = (throttle: AdaptiveThrottle, outcome: "success" | "failure" | "neutral", count: number): void =>
  times(count, () => throttle.tryAcquire()?.[outcome]());

describe("AdaptiveThrottle", () => {
  it("holds nothing back while more than one in two is accepted, and (requests - 2 accepts) / (requests + 1) beyond", () => {
    const { throttle } = makeThrottle(0.99);
    send(throttle, "success", 50);
    send(throttle, "failure", 50);
    expect(throttle.rejectionRatio).toBe(0);
    send(throttle, "failure", 100);
    expect(throttle.stats).toEqual({ requests: 200, accepts: 50, rejectionRatio: (200 - 100) / 201, rejections: 0 });
  });

  it("counts what it holds back as a request: that is what lets the share rise (C9)", () => {
    const { throttle } = makeThrottle(0);
    send(throttle, "success", 10);
    send(throttle, "failure", 11);
    expect(throttle.rejectionRatio).toBeCloseTo(1 / 22, 9);
    times(79, () => throttle.tryAcquire());
    expect(throttle.stats).toMatchObject({ requests: 100, accepts: 10, rejections: 79 });
    expect(throttle.rejectionRatio).toBeCloseTo(80 / 101, 9);
  });

  it("counts a call that it lets in when that ends: one in flight is no refusal (C9)", () => {
    const { throttle, clock } = makeThrottle(0);
    const running = Array.from({ length: 30 }, () => throttle.tryAcquire());
    expect(throttle.stats).toMatchObject({ requests: 0, accepts: 0, rejections: 0 });
    clock.jump(60_000); // longer than the window looks back
    running.forEach((permit, index) => (index < 20 ? permit?.success() : permit?.failure()));
    expect(throttle.stats).toMatchObject({ requests: 30, accepts: 20, rejectionRatio: 0 });
  });

  it("holds nothing back from a healthy dependency, at the start, after a pause, or however long its answers take", () => {
    for (const [ratePerSecond, answerMs] of [[100, 50], [100, 1_000], [500, 300], [50, 3_000]] as const) {
      const { throttle, clock } = makeThrottle(0, { windowMs: 120_000, minRequestsPerSecond: 5 });
      const running: { readonly endsAt: number; readonly permit: BreakerPermit | undefined }[] = [];
      for (let call = 0; call < 20 * ratePerSecond; call += 1) {
        clock.jump(call === 10 * ratePerSecond ? 600_000 : 1_000 / ratePerSecond);
        while ((running[0]?.endsAt ?? Infinity) <= clock.now()) running.shift()?.permit?.success();
        running.push({ endsAt: clock.now() + answerMs, permit: throttle.tryAcquire() });
      }
      times(2_000, () => throttle.tryAcquire()); // a burst, all in flight at once
      expect(throttle.stats.rejections).toBe(0);
    }
  });

  it("never holds all back, so that somebody finds out when the dependency is well again", () => {
    const { throttle } = makeThrottle(0.9);
    send(throttle, "failure", 100_000);
    expect(throttle.rejectionRatio).toBe(0.9);
    expect(throttle.tryAcquire()).toBeDefined();
  });

  it("holds nothing back at low traffic: a few failures are chance", () => {
    const { throttle, clock } = makeThrottle(0, { minRequestsPerSecond: 5 });
    times(20, () => {
      send(throttle, "failure", 4);
      clock.jump(1_000);
    });
    expect(throttle.stats).toMatchObject({ rejections: 0, requests: 80 });
    send(throttle, "failure", 60);
    expect(throttle.stats.rejections).toBeGreaterThan(0);
  });

  it("forgets by itself, on reading too: after a pause nobody is held back by stale numbers (C8)", () => {
    const { throttle, clock } = makeThrottle(0);
    send(throttle, "failure", 200);
    expect(throttle.rejectionRatio).toBe(0.9);
    clock.jump(24_000);
    expect(throttle.stats).toMatchObject({ requests: 0, accepts: 0, rejectionRatio: 0 });
    expect(throttle.tryAcquire()).toBeDefined();
  });

  it("never counts a call that says nothing", async () => {
    const { throttle, clock } = makeThrottle(0.99);
    send(throttle, "success", 50);
    send(throttle, "failure", 100);
    const before = throttle.stats;
    send(throttle, "neutral", 50);
    const refusal = new RejectedError("ERR_FULL", "full", { reason: "full" });
    expect(await errorOf(throttle.run(rejecting(refusal)))).toBe(refusal);
    await errorOf(throttle.run(rejecting("gone"), { signal: AbortSignal.abort() }));
    expect(throttle.stats).toEqual(before);
    const slow = throttle.tryAcquire();
    clock.jump(24_000);
    slow?.neutral();
    expect(throttle.stats).toMatchObject({ requests: 0, accepts: 0 });
  });

  it("runs, falls back, wraps and guards as a breaker does, and refuses with an error of the family", async () => {
    const { throttle } = makeThrottle(0, { name: "prices" });
    const guarded = throttle.layer(async (fails: boolean) => {
      if (fails) throw new Error("503");
      return "ok";
    });
    expect(await guarded(false, {})).toBe("ok");
    for (let i = 0; i < 60; i += 1) await guarded(true, {}).catch(() => undefined);
    const error = await errorOf(throttle.run(() => 1));
    expect(error).toBeInstanceOf(ThrottledError);
    expect(isRejected(error)).toBe(true);
    expect(error).toMatchObject({ code: "ERR_THROTTLED", reason: "overloaded", source: "prices", cause: { message: "503" } });
    expect(String(error)).toMatch(/^ThrottledError: throttle prices holds back 9\d % of the calls|90 %/);
    expect(await throttle.runOr(() => "fresh", () => "old")).toBe("old");
    expect(await throttle.tryRun(() => 1)).toMatchObject({ status: "refused", reason: "overloaded" });
    expect(await errorOf(throttle.wrap(() => 1)())).toBeInstanceOf(ThrottledError);
  });

  it("tells and measures what it holds back", () => {
    const meter = new FakeMeter();
    const { throttle } = makeThrottle(0, { name: "prices", meter });
    const seen: unknown[] = [];
    const stop = throttle.on("rejected", ({ error }) => seen.push(error.rejectionRatio));
    send(throttle, "success", 1);
    send(throttle, "neutral", 1);
    send(throttle, "failure", 3);
    stop();
    throttle.tryAcquire();
    expect(seen).toHaveLength(1);
    expect(Object.fromEntries(meter.counts)).toEqual({
      'breakwater.throttle.calls {"name":"prices","outcome":"success"}': 1,
      'breakwater.throttle.calls {"name":"prices","outcome":"neutral"}': 1,
      'breakwater.throttle.calls {"name":"prices","outcome":"failure"}': 2,
      'breakwater.throttle.calls {"name":"prices","outcome":"rejected"}': 2,
    });
    expect(meter.gauges.get('breakwater.throttle.rejection.ratio {"name":"prices"}')?.()).toBe(throttle.rejectionRatio);
  });

  it("learns from classify", async () => {
    const { throttle } = makeThrottle(0.99, { classify: (result) => (result.status === "fulfilled" ? "failure" : "neutral") });
    await throttle.run(() => 503);
    await errorOf(throttle.run(rejecting("x")));
    expect(throttle.stats).toMatchObject({ requests: 1, accepts: 0 });
  });

  it("lets a call in, with a warning, when its random throws, and is harmed by no meter that does", async () => {
    const warnings = catchWarnings();
    const { throttle } = makeThrottle(0, { random: throwing(new Error("no chance")) });
    send(throttle, "failure", 20);
    expect(await throttle.run(() => "in")).toBe("in");
    expect(throttle.stats).toMatchObject({ requests: 21, accepts: 1, rejections: 0 });
    expect(warnings.mock.calls.map(([error]) => (error as Error).message)).toContain("no chance");
    const broken = { add: throwing(new Error("meter")) };
    const meter = { counter: () => broken, histogram: () => ({ record: () => undefined }), gauge: () => () => undefined };
    const measured = makeThrottle(0, { meter }).throttle;
    send(measured, "success", 1);
    send(measured, "neutral", 1);
    send(measured, "failure", 5);
    expect(await errorOf(measured.run(() => 1))).toBeInstanceOf(ThrottledError);
    expect(measured.tryAcquire()).toBeUndefined();
    expect(measured.stats).toMatchObject({ accepts: 1, requests: 8, rejections: 5 });
    warnings.mockRestore();
  });

  it("refuses wrong options, naming option and value", () => {
    for (const [options, message] of [
      [{ multiplier: 0.5 }, /multiplier.*0.5/],
      [{ multiplier: NaN }, /multiplier.*NaN/],
      [{ multiplier: Infinity }, /multiplier.*Infinity/],
      [{ clock: {} as never }, /clock.now must be a function/],
      [{ windowMs: 0 }, /windowMs.*got 0/],
      [{ windowMs: Infinity }, /windowMs.*Infinity/],
      [{ maxRejectionRatio: 1 }, /maxRejectionRatio.*got 1/],
      [{ maxRejectionRatio: -0.1 }, /maxRejectionRatio.*-0.1/],
      [{ minRequestsPerSecond: -1 }, /minRequestsPerSecond.*-1/],
      [{ random: 0.5 as never }, /random must be a function/],
      [{ classify: "all" as never }, /classify must be a function/],
    ] as const) expect(() => new AdaptiveThrottle(options)).toThrow(message);
  });

  it("whatever happens, agrees with an oracle that keeps every call", () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ type: fc.constant("send" as const) }) },
      { weight: 4, arbitrary: fc.record({ type: fc.constant("end" as const), which: fc.nat(20), outcome: fc.constantFrom("success" as const, "failure" as const, "neutral" as const) }) },
      { weight: 2, arbitrary: fc.record({ type: fc.constant("move" as const), ms: fc.oneof(fc.integer({ min: 1, max: 9_000 }), fc.constantFrom(1e12, 23_999, 24_000)) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), fc.integer({ min: 1, max: 3 }), (steps, multiplier) => {
        const { throttle, clock } = makeThrottle(0.45, { multiplier, minRequestsPerSecond: 0, maxRejectionRatio: 0.8 });
        const sliceOf = (at: number): number => Math.floor((at - 1_000) / 1_000); // the throttle's time begins with it
        const recent = (at: number): boolean => sliceOf(at) > sliceOf(clock.now()) - 24;
        const requests: number[] = [];
        const accepts: number[] = [];
        const running: BreakerPermit[] = [];
        for (const one of steps) {
          if (one.type === "move") clock.jump(one.ms);
          const total = requests.filter(recent).length;
          const ratio = Math.min(0.8, Math.max(0, (total - multiplier * accepts.filter(recent).length) / (total + 1)));
          expect(throttle.rejectionRatio).toBeCloseTo(ratio, 12);
          if (one.type === "send") {
            const permit = throttle.tryAcquire();
            expect(permit === undefined).toBe(0.45 < ratio);
            if (permit === undefined) requests.push(clock.now());
            else running.push(permit);
          } else if (one.type === "end" && running.length > 0) {
            const [permit] = running.splice(one.which % running.length, 1);
            permit?.[one.outcome]();
            if (one.outcome !== "neutral") requests.push(clock.now());
            if (one.outcome === "success") accepts.push(clock.now());
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
