import { ManualClock, settled } from "@breakwater/core/testing";
import { allOf, gcra, KeyedRateLimiter, RateLimiter, shared, spacing, type KeyedRateLimiterOptions } from "@breakwater/limiter";
import { describe, expect, it } from "vitest";
import { deferred, errorOf, watch } from "../helpers.ts";

function made(options: Partial<KeyedRateLimiterOptions> = {}) {
  const clock = new ManualClock(1_000);
  return { clock, limiter: new KeyedRateLimiter({ algorithm: gcra({ limit: 2, perMs: 1000 }), clock, ...options }) };
}

describe("KeyedRateLimiter", () => {
  it("each key has a rate of its own", () => {
    const { limiter } = made();
    expect(["a", "a", "a", "b"].map((key) => limiter.take(key).allowed)).toEqual([true, true, false, true]);
    expect(limiter.tryAcquire("a")).toBeUndefined();
    expect(limiter.check("c")).toMatchObject({ allowed: true, remaining: 2 });
    expect(limiter.stats).toMatchObject({ keys: 2, granted: 3, rejected: 1 });
  });

  it("B20: keys that are like new are swept out by those that come, and no timer is needed", () => {
    const { clock, limiter } = made();
    for (let i = 0; i < 1000; i += 1) limiter.take(`old ${i}`);
    expect(limiter.stats.keys).toBe(1000);
    clock.advance(1000);
    for (let i = 0; i < 1000; i += 1) limiter.take(`new ${i}`);
    expect(limiter.stats.keys).toBe(1000);
    clock.advance(1000);
    for (let i = 0; i < 9000; i += 1) limiter.take("busy");
    expect(limiter.stats.keys).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it("B20: a million names grow nothing beyond maxKeys, and free no key that is used up or blocked", () => {
    const { limiter } = made({ maxKeys: 1000 });
    limiter.take("victim", 2);
    limiter.block("blocked", 1e9);
    for (let i = 0; i < 1_000_000; i += 1) limiter.take(`name ${i}`);
    expect(limiter.stats.keys).toBeLessThanOrEqual(1000);
    expect([limiter.take("victim").allowed, limiter.take("blocked").allowed]).toEqual([false, false]);
  });

  it("B20: when every key that is known matters, the new one is refused, until one does not", () => {
    const { clock, limiter } = made({ maxKeys: 3 });
    for (const key of ["a", "b", "c"]) limiter.take(key, 2);
    expect(limiter.take("d")).toMatchObject({ allowed: false, remaining: 0 });
    expect([limiter.tryAcquire("d"), limiter.block("d", 5)]).toEqual([undefined, false]);
    clock.advance(500);
    expect(limiter.take("d").allowed).toBe(true);
  });

  it("waits have a line for each key, on one timer for all, and leave nothing behind", async () => {
    const { clock, limiter } = made();
    const all = ["a", "a", "a", "b", "b", "b"].map((key) => limiter.run(key, async () => key));
    await settled();
    expect(clock.pendingTimers).toBe(1);
    await clock.advanceAsync(500);
    expect(await Promise.all(all)).toEqual(["a", "a", "a", "b", "b", "b"]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("a refused wait, and a key for which there is no room, reject", async () => {
    const { limiter } = made({ maxKeys: 1 });
    limiter.take("a", 2);
    expect(await errorOf(limiter.acquire("a", { timeoutMs: 10 }))).toMatchObject({ reason: "timeout", retryAfterMs: 500 });
    expect(await errorOf(limiter.acquire("b"))).toMatchObject({ reason: "overloaded" });
    expect(await errorOf(limiter.run("b", async () => 1))).toMatchObject({ reason: "overloaded" });
  });

  it("B21: any value is a key, a text that is too long is refused", async () => {
    const { limiter } = made();
    for (const key of ["__proto__", "constructor", "", "😀", 7, 7n, {}, Symbol("s")]) {
      expect([limiter.take(key, 2).allowed, limiter.take(key).allowed]).toEqual([true, false]);
    }
    const long = "x".repeat(1025);
    expect(limiter.take(long)).toMatchObject({ allowed: false, retryAfterMs: Infinity });
    expect(limiter.tryAcquire(long)).toBeUndefined();
    expect(await errorOf(limiter.run(long, async () => 1))).toMatchObject({ reason: "overloaded" });
    expect([limiter.block(long, 1), limiter.size]).toEqual([false, 8]);
  });

  it("refund, penalise, block and reset are for one key, and make none where none is needed", async () => {
    const { clock, limiter } = made();
    limiter.refund("a");
    limiter.reset("a");
    expect(limiter.stats.keys).toBe(0);
    limiter.take("a", 2);
    const waiting = watch(limiter.acquire("a"));
    await settled();
    limiter.refund("a");
    await settled();
    expect(waiting.status).toBe("fulfilled");
    limiter.penalise("b", 3);
    expect(limiter.check("b").retryAfterMs).toBe(1000);
    limiter.block("c", 700);
    expect(limiter.take("c").retryAfterMs).toBe(700);
    clock.advance(700);
    expect(limiter.take("c").allowed).toBe(true);
    limiter.reset("b");
    expect(limiter.check("b").remaining).toBe(2);
  });

  it("a limit for all stands beside each one's own, all or nothing", () => {
    const clock = new ManualClock(1_000);
    const everybody = new RateLimiter({ algorithm: gcra({ limit: 3, perMs: 1000 }), clock });
    const limiter = new KeyedRateLimiter({ algorithm: allOf(gcra({ limit: 2, perMs: 1000 }), shared(everybody)), clock });
    expect(["a", "a", "a", "b", "c"].map((key) => limiter.take(key).allowed)).toEqual([true, true, false, true, false]);
    expect(limiter.check("c")).toMatchObject({ allowed: false, remaining: 0 });
    expect(limiter.check("c").retryAfterMs).toBeCloseTo(1000 / 3, 6);
  });

  it("the layer limits by what keyOf says, and passes on what it throws", async () => {
    const { limiter } = made({ queueLimit: 0 });
    const oops = new Error("who?");
    const service = limiter.layer((user: string) => {
      if (user === "") throw oops;
      return user;
    })(async (user: string) => user);
    const answers = await Promise.allSettled(["a", "a", "a", ""].map((user) => service(user, {})));
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "rejected"]);
    expect(answers[2]).toMatchObject({ reason: { reason: "rate", retryAfterMs: 500 } });
    expect(answers[3]).toMatchObject({ reason: oops });
  });

  it("a key whose work goes on is not swept out", async () => {
    const { clock, limiter } = made({ algorithm: spacing({ everyMs: 10, from: "end" }) });
    const gate = deferred();
    const run = limiter.run("a", () => gate.promise);
    clock.advance(1000);
    for (let i = 0; i < 100; i += 1) limiter.take(`other ${i}`);
    expect(limiter.take("a").allowed).toBe(false);
    gate.resolve();
    await run;
    clock.advance(10);
    expect(limiter.take("a").allowed).toBe(true);
  });

  it("close refuses in all keys", async () => {
    const { clock, limiter } = made();
    limiter.take("a", 2);
    const waiting = watch(limiter.acquire("a"));
    await settled();
    limiter.close();
    await settled();
    expect(waiting.error).toMatchObject({ reason: "closed" });
    expect([limiter.take("z").allowed, clock.pendingTimers]).toEqual([false, 0]);
  });
});
