import { ManualClock, settled } from "@breakwater/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fixedWindow, gcra, KeyedRateLimiter, RateLimiter, tokenBucket, type KeyedRateLimiterOptions } from "@breakwater/limiter";
import { watch } from "../helpers.ts";

function made(options: Partial<KeyedRateLimiterOptions> = {}) {
  const clock = new ManualClock();
  return { clock, limiter: new KeyedRateLimiter({ algorithm: gcra({ limit: 2, perMs: 1000 }), clock, ...options }) };
}

describe("KeyedRateLimiter", () => {
  it("decides for each key as a limiter of its own would, whatever is swept meanwhile", () => {
    const act = fc.record({ key: fc.nat(5), weight: fc.integer({ min: 1, max: 2 }), afterMs: fc.nat(700), type: fc.constantFrom("take", "take", "take", "penalise", "refund", "block", "reset") });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
        const { clock, limiter } = made();
        const alone = new Map(Array.from({ length: 6 }, (_, key) => [key, new RateLimiter({ algorithm: gcra({ limit: 2, perMs: 1000 }), clock })]));
        for (const { key, weight, afterMs, type } of acts) {
          clock.advance(afterMs);
          const own = alone.get(key);
          if (own === undefined) throw new Error("expected one for each key");
          if (type === "take") expect(limiter.take(key, weight).allowed).toBe(own.take(weight).allowed);
          else if (type === "penalise") {
            own.penalise(weight);
            expect(limiter.penalise(key, weight)).toBe(true);
          } else if (type === "refund") {
            own.refund(weight);
            limiter.refund(key, weight);
          } else if (type === "block") {
            own.block(300);
            expect(limiter.block(key, 300)).toBe(true);
          } else {
            own.reset();
            limiter.reset(key);
          }
          const [one, other] = [limiter.check(key, 0), own.check(0)];
          expect(one.remaining).toBe(other.remaining);
          expect(one.resetAfterMs).toBeCloseTo(other.resetAfterMs, 6);
        }
      }),
    );
  });

  it("B20: a million names, each once, leave no more than maxKeys entries, and no timer", () => {
    const { clock, limiter } = made({ maxKeys: 1000 });
    let most = 0;
    for (let i = 0; i < 1_000_000; i += 1) {
      limiter.tryAcquire(`name ${i}`);
      if (limiter.size > most) most = limiter.size;
    }
    expect([most, clock.pendingTimers]).toEqual([1000, 0]);
  });

  it("B20: while names come slowly enough to be like new again, few are kept", () => {
    const { clock, limiter } = made();
    let most = 0;
    for (let i = 0; i < 100_000; i += 1) {
      clock.advance(5); // a name is like new after 500 ms, so a hundred of them matter at a time
      limiter.tryAcquire(`name ${i}`);
      most = Math.max(most, limiter.size);
    }
    expect(most).toBeLessThan(250);
  });

  it("B20: keys that nobody names any more go with the calls of others", () => {
    const { clock, limiter } = made();
    for (let i = 0; i < 1000; i += 1) limiter.take(i);
    clock.advance(10_000);
    for (let i = 0; i < 10_000; i += 1) limiter.take("busy");
    expect(limiter.size).toBe(1);
  });

  it("B20: under a flood of names those that are used up or blocked stay so", () => {
    const { limiter } = made({ maxKeys: 100 });
    limiter.take("spent", 2);
    limiter.block("blocked", 1e6);
    for (let i = 0; i < 10_000; i += 1) limiter.take(`name ${i}`);
    expect(limiter.take("spent").allowed).toBe(false);
    expect(limiter.take("blocked").allowed).toBe(false);
    expect(limiter.size).toBe(100);
  });

  it("B20: with every place used up a new key is told when to come back, and then has a place", () => {
    const { clock, limiter } = made({ maxKeys: 3 });
    for (const key of ["a", "b", "c"]) limiter.take(key, 2);
    const { allowed, retryAfterMs } = limiter.take("d");
    expect([allowed, retryAfterMs]).toEqual([false, 500]);
    clock.advance(retryAfterMs);
    expect(limiter.take("d").allowed).toBe(true);
  });

  it("B22: a change holds for keys that are known, for those to come, and for those who wait", async () => {
    const { limiter } = made();
    limiter.take("a", 2);
    const waiting = watch(limiter.acquire("a"));
    await settled();
    limiter.change(gcra({ limit: 4, perMs: 1000 }));
    await settled();
    expect(waiting.status).toBe("fulfilled");
    expect([limiter.check("a").remaining, limiter.check("b").remaining]).toEqual([1, 4]);
    limiter.take("c", 2);
    limiter.change(fixedWindow({ limit: 3, windowMs: 1000 }));
    expect([limiter.check("c").remaining, limiter.check("a").remaining, limiter.check("d").remaining]).toEqual([1, 0, 3]);
  });

  it("books for each key, where the algorithm can", () => {
    const clock = new ManualClock();
    const limiter = new KeyedRateLimiter({ algorithm: tokenBucket({ refillPerSecond: 10, burst: 1 }), clock });
    expect([limiter.reserve("a")?.delayMs, limiter.reserve("b")?.delayMs]).toEqual([0, 0]);
    const second = limiter.reserve("a");
    expect(second?.delayMs).toBeCloseTo(100, 6);
    second?.cancel();
    second?.cancel();
    expect(limiter.reserve("a", { maxDelayMs: 50 })).toBeUndefined();
    expect(limiter.reserve("a")?.delayMs).toBeCloseTo(100, 6);
    const fixed = new KeyedRateLimiter({ algorithm: fixedWindow({ limit: 1, windowMs: 1 }), clock });
    // @ts-expect-error a window has no bookings
    expect(() => fixed.reserve("a")).toThrow(TypeError);
  });

  it("a wait keeps its key, all keys wait on one timer, and idle tells when none waits", async () => {
    const { clock, limiter } = made({ maxKeys: 2 });
    const waits = ["a", "b"].map((key) => {
      limiter.take(key, 2);
      return watch(limiter.acquire(key));
    });
    const idle = watch(limiter.idle());
    for (let i = 0; i < 100; i += 1) expect(limiter.take(i).allowed).toBe(false);
    expect([clock.pendingTimers, limiter.stats.waiting, idle.status]).toEqual([1, 2, "pending"]);
    await clock.advanceAsync(500);
    expect(waits.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    expect([clock.pendingTimers, limiter.stats.waiting, idle.status]).toEqual([0, 0, "fulfilled"]);
  });
});
