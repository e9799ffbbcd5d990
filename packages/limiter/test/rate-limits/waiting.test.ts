import { ManualClock, settled } from "@breakwater/core/testing";
import { describe, expect, it } from "vitest";
import { fixedWindow, gcra, RateLimiter, slidingCounter, slidingLog, warmUp, type RateAlgorithm, type RateLimiterOptions } from "@breakwater/limiter";
import { errorOf, FakeMeter, watch } from "../helpers.ts";

function made(options: Partial<RateLimiterOptions> = {}) {
  const clock = new ManualClock(1_000);
  const limiter = new RateLimiter<RateAlgorithm>({ algorithm: gcra({ limit: 2, perMs: 1000 }), clock, ...options });
  const heard: string[] = [];
  limiter.on("rejected", ({ reason }) => heard.push(reason));
  return { clock, limiter, heard };
}

describe("those who wait", () => {
  it("and whose turn can never come any more are refused: the rate is changed, or blocked for ever", async () => {
    const { limiter, heard } = made();
    limiter.take(2);
    const heavy = watch(limiter.acquire({ weight: 2 }));
    const light = watch(limiter.acquire());
    limiter.change(gcra({ limit: 1, perMs: 1000 }));
    await settled();
    expect([heavy.status, light.status]).toEqual(["rejected", "pending"]);
    expect(heavy.error).toMatchObject({ reason: "too-heavy", retryAfterMs: undefined });
    limiter.block(Infinity);
    await settled();
    expect(light.error).toMatchObject({ reason: "blocked", retryAfterMs: undefined });
    expect(heard).toEqual(["too-heavy", "blocked"]);
    expect(await errorOf(limiter.acquire())).toMatchObject({ reason: "blocked" });
    limiter.block(0);
    expect(limiter.check().retryAfterMs).toBeLessThan(Infinity);
  });

  it("and whose turn can no longer come in time are refused as soon as that is known", async () => {
    const { clock, limiter, heard } = made();
    limiter.take(2);
    const waiting = watch(limiter.acquire({ timeoutMs: 600 }));
    await settled();
    expect(waiting.status).toBe("pending");
    limiter.penalise(1);
    await settled();
    expect(waiting.error).toMatchObject({ reason: "timeout", retryAfterMs: 1000 });
    expect(heard).toEqual(["timeout"]);
    expect([clock.pendingTimers, limiter.waiting]).toEqual([0, 0]);
  });

  it("B6: a wait that would end with its deadline fails now, one that ends just before is served", async () => {
    const { clock, limiter } = made();
    limiter.take(2);
    expect(await errorOf(limiter.acquire({ timeoutMs: 500 }))).toMatchObject({ reason: "timeout", retryAfterMs: 500 });
    const waiting = watch(limiter.acquire({ timeoutMs: 500.5 }));
    expect(await errorOf(limiter.acquire({ deadlineAt: 1_999 }))).toMatchObject({ reason: "deadline", retryAfterMs: 1000 });
    await clock.advanceAsync(500);
    expect(waiting.status).toBe("fulfilled");
  });

  it("are heard of when their time runs out after all, because others gave up theirs too late", async () => {
    const clock = new ManualClock();
    // Nobody can say how long one waits behind others at a counter, so it waits, and in vain.
    const limiter = new RateLimiter({ algorithm: slidingCounter({ limit: 2, windowMs: 1000 }), clock });
    const heard: string[] = [];
    limiter.on("rejected", ({ reason }) => heard.push(reason));
    limiter.take(2);
    const first = watch(limiter.acquire({ weight: 2 }));
    const second = watch(limiter.acquire({ weight: 2, timeoutMs: 2100 }));
    await clock.advanceAsync(2_000);
    expect([first.status, second.status, heard]).toEqual(["fulfilled", "rejected", ["timeout"]]);
    expect(second.error).toMatchObject({ reason: "timeout" });
  });

  it("are not passed by a take, a check or a reservation, which all say so", async () => {
    const { limiter } = made({ algorithm: slidingLog({ limit: 3, windowMs: 1000 }) });
    limiter.take(2);
    const heavy = watch(limiter.acquire({ weight: 2 }));
    expect(limiter.take()).toMatchObject({ allowed: false, remaining: 0 });
    expect(limiter.check()).toMatchObject({ allowed: false, remaining: 0 });
    expect(limiter.check().retryAfterMs).toBeGreaterThan(0);
    expect(limiter.stats).toMatchObject({ waiting: 1, remaining: 0 });
    await settled();
    expect(heavy.status).toBe("pending");
  });

  it("idle tells when there are none any more, however they went", async () => {
    const { clock, limiter } = made();
    await limiter.idle();
    limiter.take(2);
    const controller = new AbortController();
    const first = watch(limiter.acquire());
    const second = watch(limiter.acquire({ signal: controller.signal }));
    const idle = watch(limiter.idle());
    await clock.advanceAsync(500);
    expect([first.status, idle.status]).toEqual(["fulfilled", "pending"]);
    controller.abort(new Error("no more"));
    await settled();
    expect([second.status, idle.status]).toEqual(["rejected", "fulfilled"]);
  });

  it("are measured: how many there are, and how long those waited who were served", async () => {
    const meter = new FakeMeter();
    const { clock, limiter } = made({ meter, name: "mail" });
    limiter.take(2);
    const waiting = watch(limiter.acquire());
    expect(meter.gauges.get('breakwater.limiter.waiting {"name":"mail"}')?.()).toBe(1);
    await clock.advanceAsync(500);
    expect(waiting.status).toBe("fulfilled");
    expect(meter.records.get('breakwater.limiter.wait.duration {"name":"mail"}')).toEqual([0.5]);
    limiter.close();
    expect(meter.gauges.size).toBe(0);
  });

  it("B1: a clock that went back far neither shuts them out nor serves them early", async () => {
    const { clock, limiter } = made();
    limiter.take(2);
    clock.jump(-3_600_000);
    expect(limiter.check().retryAfterMs).toBe(500);
    const waiting = watch(limiter.acquire());
    await clock.advanceAsync(499);
    expect(waiting.status).toBe("pending");
    await clock.advanceAsync(1);
    expect(waiting.status).toBe("fulfilled");
  });

  it.each([
    ["gcra", gcra({ limit: 5, perMs: 100 })],
    ["slidingLog", slidingLog({ limit: 5, windowMs: 100 })],
    ["fixedWindow", fixedWindow({ limit: 5, windowMs: 100 })],
    ["slidingCounter", slidingCounter({ limit: 5, windowMs: 100 })],
    ["warmUp", warmUp({ ratePerSecond: 50, warmUpMs: 100 })],
  ])("of %s are served in order with one timer, set no more than twice for each", async (_, algorithm) => {
    let set = 0;
    class Counting extends ManualClock {
      override setTimer(...args: Parameters<ManualClock["setTimer"]>): ReturnType<ManualClock["setTimer"]> {
        set += 1;
        return super.setTimer(...args);
      }
    }
    const clock = new Counting();
    const limiter = new RateLimiter({ algorithm, clock });
    const order: number[] = [];
    for (let i = 0; i < 200; i += 1) void limiter.acquire({ timeoutMs: 1e9 }).then(() => order.push(i));
    await settled();
    for (let steps = 0; limiter.waiting > 0 && steps < 2000; steps += 1) {
      expect(clock.pendingTimers).toBe(1);
      await clock.advanceAsync(20);
    }
    expect(order).toEqual(Array.from({ length: 200 }, (__, i) => i));
    expect(set).toBeLessThan(400);
    expect(clock.pendingTimers).toBe(0);
  });
});
