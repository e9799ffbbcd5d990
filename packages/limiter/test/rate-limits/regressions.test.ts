import { ManualClock, settled } from "@breakwater/core/testing";
import { expect, it } from "vitest";
import { calendarWindow, fixedWindow, gcra, KeyedRateLimiter, parseRateLimitHeaders, RateLimiter, slidingCounter, spacing, tokenBucket, type RateAlgorithm } from "@breakwater/limiter";
import { errorOf, watch } from "../helpers.ts";

class Guarded extends ManualClock {
  #set = 0;
  override setTimer(...args: Parameters<ManualClock["setTimer"]>): ReturnType<ManualClock["setTimer"]> {
    if ((this.#set += 1) > 1000) throw new Error("the alarm goes off for ever in one moment");
    return super.setTimer(...args);
  }
}

it("a wait on a clock that counts from 1970 ends, instead of an alarm that goes off for ever", async () => {
  for (const algorithm of [gcra({ limit: 3, perMs: 100 }), tokenBucket({ refillPerSecond: 3, burst: 1 })]) {
    const clock = new Guarded(1.7e12 + 1 / 3);
    const limiter = new RateLimiter<RateAlgorithm>({ algorithm, clock });
    while (limiter.tryAcquire() !== undefined);
    const waits = [1, 2, 3].map(() => watch(limiter.acquire()));
    for (let i = 0; i < 100; i += 1) await clock.advanceAsync(20.123);
    expect(waits.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
  }
});

it("one who waits and, after a change, is too heavy for ever is refused, instead of blocking the line for ever", async () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter({ algorithm: gcra({ limit: 2, perMs: 1000 }), clock });
  limiter.take(2);
  const heavy = watch(limiter.acquire({ weight: 2 }));
  const light = watch(limiter.acquire());
  await settled();
  limiter.change(gcra({ limit: 1, perMs: 1000 }));
  await clock.advanceAsync(100_000);
  expect([heavy.status, light.status]).toEqual(["rejected", "fulfilled"]);
});

it("a refund does not open what was blocked by hand", () => {
  const limiter = new RateLimiter({ algorithm: gcra({ limit: 2, perMs: 1000 }), clock: new ManualClock() });
  limiter.block(60_000);
  limiter.refund();
  expect(limiter.check().allowed).toBe(false);
});

it("refusals that cost do not lock out for hours", () => {
  const limiter = new RateLimiter({ algorithm: gcra({ limit: 2, perMs: 1000 }), clock: new ManualClock(), penalisesRefusals: true });
  for (let i = 0; i < 10_000; i += 1) limiter.take();
  expect(limiter.check().retryAfterMs).toBeLessThanOrEqual(2000);
});

it("a wait that timed out in line is heard of", async () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter({ algorithm: slidingCounter({ limit: 2, windowMs: 1000 }), clock });
  const heard: string[] = [];
  limiter.on("rejected", ({ reason }) => heard.push(reason));
  limiter.take(2);
  void limiter.acquire({ weight: 2 });
  const second = watch(limiter.acquire({ weight: 2, timeoutMs: 2100 }));
  await clock.advanceAsync(3000);
  expect([second.status, heard]).toEqual(["rejected", ["timeout"]]);
});

it("B6: a wait exactly as long as its time limit fails at once, not after it", async () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter({ algorithm: gcra({ limit: 2, perMs: 1000 }), clock });
  limiter.take(2);
  const waiting = watch(limiter.acquire({ timeoutMs: 500 }));
  await settled();
  const first = waiting.status;
  await clock.advanceAsync(500);
  expect([first, waiting.status]).not.toEqual(["pending", "rejected"]);
});

it("B15: the told wait is enough after a year of uptime", () => {
  const year = 365 * 86_400_000;
  const state = gcra({ limit: 3, perMs: 100, burst: 2 }).fresh(year);
  while (state.tryTake(1, year));
  for (let now = year, i = 0; i < 100; i += 1) {
    now += state.waitMs(1, now);
    expect(state.tryTake(1, now)).toBe(true);
  }
});

it("B3: very fast rates let no more than their burst through at once", () => {
  for (const algorithm of [gcra({ limit: 1e12, perMs: 1000, burst: 10 }), tokenBucket({ refillPerSecond: 1e9, burst: 10 })]) {
    const state = algorithm.fresh(0);
    let taken = 0;
    while (taken < 100 && state.tryTake(1, 0)) taken += 1;
    expect(taken).toBe(10);
  }
});

it.each([
  ["America/Sao_Paulo", "2018-11-03T03:00:00Z", 24], // midnight is skipped
  ["Pacific/Apia", "2011-12-29T10:00:00Z", 24], // the next day is; the window had no length at all
])("B10: a day in %s from %s has its hours", (timeZone, wall, hours) => {
  const state = calendarWindow({ limit: 1, unit: "day", timeZone, wallClock: () => Date.parse(wall) }).fresh(0);
  state.tryTake(1, 0);
  expect(state.resetAfterMs(0) / 3_600_000).toBe(hours);
});

it("B7: a wall clock that is 20 ms late at the edge lets no third limit through", () => {
  let now = 0;
  let lateMs = 0;
  const state = calendarWindow({ limit: 1, unit: "minute", wallClock: () => 1_800_000_000_000 + now - lateMs }).fresh(0);
  let taken = 0;
  const take = (at: number): void => {
    now = at;
    if (state.tryTake(1, at)) taken += 1;
  };
  take(59_999);
  lateMs = 20;
  for (let at = 60_000; at < 60_100; at += 1) take(at);
  expect(taken).toBe(2);
});

it("B22: an open window keeps its end under another limit", () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter({ algorithm: fixedWindow({ limit: 4, windowMs: 1000 }), clock });
  limiter.take(3);
  clock.advance(900);
  limiter.change(fixedWindow({ limit: 5, windowMs: 1000 }));
  expect(limiter.check(3).retryAfterMs).toBe(100);
});

it("B4: cancelling gives no more than was booked", () => {
  const state = tokenBucket({ refillPerSecond: 10, burst: 3 }).fresh(0);
  state.reserve(3, 0, Infinity);
  const first = state.reserve(3, 0, Infinity);
  const second = state.reserve(1, 0, Infinity);
  if (first === undefined || second === undefined) throw new Error("expected bookings");
  state.cancel(first, 0);
  expect(state.tryTake(1, 300)).toBe(true);
  state.cancel(second, 300);
  expect(state.remaining(300)).toBe(1);
});

it("B16: from the end, a permit from before a reset ends nothing that came after it", () => {
  const clock = new ManualClock();
  const limiter = new RateLimiter({ algorithm: spacing({ everyMs: 10, from: "end" }), clock });
  const old = limiter.tryAcquire();
  limiter.reset();
  limiter.tryAcquire();
  old?.release();
  clock.advance(100);
  expect(limiter.tryAcquire()).toBeUndefined();
});

it("B16: from the end with no pause, check does not allow what take would refuse", () => {
  const limiter = new RateLimiter({ algorithm: spacing({ everyMs: 0, from: "end" }), clock: new ManualClock() });
  limiter.tryAcquire();
  expect([limiter.check().allowed, limiter.tryAcquire()]).toEqual([false, undefined]);
});

it("of several limits in one header the tightest is read, and names are not taken for parameters", () => {
  const headers = { "ratelimit-policy": '"a;q=1";q=100;w=60, "hour";q=1000;w=3600', ratelimit: '"a;q=1";r=30;t=12, "hour";r=7;t=1800' };
  expect(parseRateLimitHeaders(headers)).toMatchObject({ limit: 1000, remaining: 7, resetAfterMs: 1_800_000 });
});

it("a client's too long key is refused, not thrown at the handler", async () => {
  const limiter = new KeyedRateLimiter({ algorithm: gcra({ limit: 2, perMs: 1000 }) });
  expect(() => limiter.take("x".repeat(5000))).not.toThrow();
  expect(await errorOf(limiter.acquire("x".repeat(5000)))).toHaveProperty("code", "ERR_LIMITER_REJECTED");
});

it("a layer by key keeps the types", async () => {
  const keyed = new KeyedRateLimiter({ algorithm: gcra({ limit: 2, perMs: 1000 }) });
  const answer: Promise<string> = keyed.layer((id: number) => id)(async (id: number) => `${id}`)(1, {});
  expect(await answer).toBe("1");
});
