import { isRejected, type Service } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import {
  allOf,
  gcra,
  LimiterRejectedError,
  RateLimiter,
  shared,
  slidingLog,
  spacing,
  tokenBucket,
  type Permit,
  type RateLimiterOptions,
} from "@breakwater/limiter";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { countListeners, deferred, errorOf, FakeMeter, watch } from "../helpers.ts";

function made(options: Partial<RateLimiterOptions> = {}) {
  const clock = new ManualClock(1_000);
  return { clock, limiter: new RateLimiter({ algorithm: gcra({ limit: 2, perMs: 1000 }), clock, ...options }) };
}

describe("tryAcquire, take and check", () => {
  it("grant what there is, and tell what is left and when more comes", () => {
    const { clock, limiter } = made();
    expect(limiter.tryAcquire()).toBeDefined();
    expect(limiter.take()).toEqual({ allowed: true, limit: 2, windowMs: 1000, remaining: 0, retryAfterMs: 0, resetAfterMs: 1000 });
    expect(limiter.tryAcquire()).toBeUndefined();
    expect(limiter.take()).toEqual({ allowed: false, limit: 2, windowMs: 1000, remaining: 0, retryAfterMs: 500, resetAfterMs: 1000 });
    expect(limiter.check(2)).toMatchObject({ allowed: false, retryAfterMs: 1000 });
    clock.advance(500);
    expect(limiter.check()).toMatchObject({ allowed: true, remaining: 1 });
    expect(limiter.check(0)).toMatchObject({ allowed: true, remaining: 1 });
    expect(limiter.take(3)).toMatchObject({ allowed: false, retryAfterMs: Infinity });
    expect(limiter.stats).toEqual({ limit: 2, remaining: 1, waiting: 0, granted: 2, rejected: 2 });
  });

  it("A7: releasing a permit gives nothing back, once or twice", () => {
    const { limiter } = made();
    const permit = limiter.tryAcquire({ weight: 2 });
    permit?.release();
    permit?.release();
    expect(limiter.tryAcquire()).toBeUndefined();
  });

  it("B14: a refusal takes nothing, unless it is asked for, and then no more than the limit again", () => {
    const { limiter } = made();
    limiter.take(2);
    for (let i = 0; i < 10; i += 1) limiter.take();
    expect(limiter.check().retryAfterMs).toBe(500);
    const strict = made({ penalisesRefusals: true }).limiter;
    strict.take(2);
    for (let i = 0; i < 10; i += 1) strict.take();
    expect(strict.check().retryAfterMs).toBe(1500);
  });

  it("a weight that is none is refused and named", async () => {
    const { limiter } = made();
    expect(() => limiter.tryAcquire({ weight: 0 })).toThrow("weight must be a whole number from 1");
    expect(() => limiter.take(1.5)).toThrow(RangeError);
    expect(await errorOf(limiter.acquire({ weight: -1 }))).toBeInstanceOf(RangeError);
    expect(await errorOf(limiter.acquire({ timeoutMs: NaN }))).toBeInstanceOf(RangeError);
    expect(await errorOf(limiter.run(async () => 1, {}, { weight: 0 }))).toBeInstanceOf(RangeError);
  });
});

describe("acquire, run and layer", () => {
  it("wait their turn, first come, first served, on one timer", async () => {
    const { clock, limiter } = made();
    const done: number[] = [];
    const all = [0, 1, 2, 3, 4].map((i) => limiter.run(async () => void done.push(i)));
    await settled();
    expect([done, limiter.waiting, clock.pendingTimers]).toEqual([[0, 1], 3, 1]);
    await clock.advanceAsync(499);
    expect(done).toEqual([0, 1]);
    await clock.advanceAsync(1);
    expect(done).toEqual([0, 1, 2]);
    await clock.advanceAsync(1000);
    await Promise.all(all);
    expect([done, clock.pendingTimers]).toEqual([[0, 1, 2, 3, 4], 0]);
  });

  it("A1: a newcomer does not come before those who wait, even when the timer is late", async () => {
    const { clock, limiter } = made({ algorithm: gcra({ limit: 1, perMs: 1000 }) });
    limiter.take();
    const waiting = watch(limiter.acquire());
    await settled();
    clock.jump(1000);
    expect(limiter.tryAcquire()).toBeUndefined();
    await settled();
    expect(waiting.status).toBe("fulfilled");
  });

  it("work starts in the same turn when there is something left, and its result or error passes through", async () => {
    const { limiter } = made();
    let started = false;
    const result = limiter.run(() => {
      started = true;
      return "answer";
    });
    expect(started).toBe(true);
    expect(await result).toBe("answer");
    const oops = new Error("oops");
    expect(await errorOf(limiter.run(() => { throw oops; }))).toBe(oops);
    const service = made().limiter.layer(async (input: number) => input + 1);
    expectTypeOf(service).toEqualTypeOf<Service<number, number>>();
    expect(await service(1, {})).toBe(2);
  });

  it("B6: a wait that cannot end in time is refused at once, with a tight retryAfterMs", async () => {
    const { limiter } = made({ name: "mail" });
    limiter.take(2);
    const error = await errorOf(limiter.acquire({ timeoutMs: 499 }));
    expect(error).toBeInstanceOf(LimiterRejectedError);
    expect(error).toMatchObject({ code: "ERR_LIMITER_REJECTED", reason: "timeout", retryAfterMs: 500, source: "mail", degraded: false });
    expect((error as Error).message).toBe("rate limiter mail had nothing in time (2 in 1000 ms): try again in 500 ms");
    expect(isRejected(error)).toBe(true);
    expect(await errorOf(limiter.run(async () => 1, { deadlineAt: 1_400 }))).toMatchObject({ reason: "deadline" });
    expect(await errorOf(limiter.acquire({ weight: 3 }))).toMatchObject({ reason: "too-heavy" });
    // Behind another it would take twice as long.
    void limiter.acquire();
    await settled();
    expect(await errorOf(limiter.acquire({ timeoutMs: 999 }))).toMatchObject({ reason: "timeout", retryAfterMs: 1000 });
  });

  it("B6: one who leaves has taken nothing, and those behind move up", async () => {
    const { clock, limiter } = made();
    limiter.take(2);
    const controller = new AbortController();
    const listeners = countListeners(controller.signal);
    const leaving = watch(limiter.acquire({ signal: controller.signal, weight: 2 }));
    const staying = watch(limiter.acquire());
    await clock.advanceAsync(400);
    const reason = new Error("gone");
    controller.abort(reason);
    await clock.advanceAsync(99);
    expect([leaving.error, staying.status]).toEqual([reason, "pending"]);
    await clock.advanceAsync(1);
    expect([staying.status, clock.pendingTimers, listeners.left]).toEqual(["fulfilled", 0, 0]);
  });

  it("A5: an aborted signal and a passed deadline are refused though something is left", async () => {
    const { limiter } = made();
    expect(await errorOf(limiter.acquire({ signal: AbortSignal.abort("stop") }))).toBe("stop");
    expect(await errorOf(limiter.run(async () => 1, { deadlineAt: 1_000 }))).toMatchObject({ reason: "deadline" });
    expect(limiter.check().remaining).toBe(2);
  });

  it("a run whose signal aborted after its turn came does not start, and gives back what it took", async () => {
    const { clock, limiter } = made();
    limiter.take(2);
    const controller = new AbortController();
    let started = false;
    const run = watch(limiter.run(async () => { started = true; }, { signal: controller.signal }));
    await settled();
    clock.advance(500); // its turn has come, and its promise has not gone on yet
    controller.abort("late");
    await settled();
    expect([run.error, started, limiter.check().remaining]).toEqual(["late", false, 1]);
  });

  it("A10: the line is bounded, and a line of none never waits", async () => {
    const { limiter } = made({ queueLimit: 1 });
    limiter.take(2);
    void limiter.acquire();
    await settled();
    expect(await errorOf(limiter.acquire())).toMatchObject({ reason: "queue-full", retryAfterMs: 1000 });
    const none = made({ queueLimit: 0 }).limiter;
    none.take(2);
    expect(await errorOf(none.acquire())).toMatchObject({ reason: "rate", retryAfterMs: 500 });
  });

  it("A15: close refuses those who wait and come, once, and leaves no timer", async () => {
    const { clock, limiter } = made();
    limiter.take(2);
    const waiting = watch(limiter.acquire());
    await settled();
    const why = new Error("shutting down");
    limiter.close(why);
    limiter.close();
    await settled();
    expect(waiting.error).toMatchObject({ reason: "closed", cause: why });
    expect(await errorOf(limiter.run(async () => 1))).toMatchObject({ reason: "closed", cause: why });
    expect([limiter.tryAcquire(), limiter.take().allowed, clock.pendingTimers]).toEqual([undefined, false, 0]);
  });

  it("refusals are told and counted by reason", async () => {
    const meter = new FakeMeter();
    const { limiter } = made({ meter, name: "api" });
    const heard: string[] = [];
    limiter.on("rejected", ({ reason }) => heard.push(reason));
    limiter.take(2);
    limiter.take();
    await errorOf(limiter.acquire({ timeoutMs: 0 }));
    expect(heard).toEqual(["rate", "timeout"]);
    expect(meter.counts.get('breakwater.limiter.rejections {"name":"api","reason":"rate"}')).toBe(1);
    expect(meter.counts.get('breakwater.limiter.rejections {"name":"api","reason":"timeout"}')).toBe(1);
  });

  it("A17: 100,000 wait in linear time, and leave in linear time", async () => {
    const { limiter, clock } = made({ algorithm: gcra({ limit: 1, perMs: 1 }), queueLimit: Infinity });
    const controller = new AbortController();
    let served = 0;
    for (let i = 0; i < 100_000; i += 1) limiter.acquire(i % 2 === 0 ? { signal: controller.signal } : {}).then(() => (served += 1), () => undefined);
    await settled();
    controller.abort();
    await settled();
    expect(limiter.waiting).toBeLessThanOrEqual(50_000);
    clock.jump(200_000);
    limiter.close();
    await settled();
    expect(clock.pendingTimers).toBe(0);
    expect(served).toBeGreaterThan(0);
  });
});

describe("clocks", () => {
  it("B1: a clock that goes back gives nothing away and shuts nobody out", async () => {
    const { clock, limiter } = made();
    limiter.take(2);
    clock.jump(-100_000);
    expect(limiter.take()).toMatchObject({ allowed: false, retryAfterMs: 500 });
    clock.advance(500);
    expect(limiter.take().allowed).toBe(true);
  });

  it("B1: a clock that jumps ahead gives one burst, and no more", () => {
    const { clock, limiter } = made();
    limiter.take(2);
    clock.jump(1e9);
    expect([limiter.take(2).allowed, limiter.take().allowed]).toEqual([true, false]);
  });

  it("B19: a wait of a hundred days works", async () => {
    const { clock, limiter } = made({ algorithm: gcra({ limit: 1, perMs: 8.64e9 }) });
    limiter.take();
    const waiting = watch(limiter.acquire());
    await clock.advanceAsync(8.64e9 - 1);
    expect(waiting.status).toBe("pending");
    await clock.advanceAsync(1);
    expect(waiting.status).toBe("fulfilled");
  });
});

describe("by hand", () => {
  it("B17: refund gives back up to the limit, and serves those who wait", async () => {
    const { limiter } = made();
    limiter.take(2);
    const waiting = watch(limiter.acquire());
    await settled();
    limiter.refund(1);
    await settled();
    expect(waiting.status).toBe("fulfilled");
    limiter.refund(99);
    expect(limiter.check().remaining).toBe(2);
  });

  it("B17: a block outlasts the calls that come meanwhile, and a later end takes nothing away", async () => {
    const { clock, limiter } = made();
    limiter.block(5000);
    expect(limiter.take()).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 5000 });
    expect(await errorOf(limiter.acquire({ timeoutMs: 10 }))).toMatchObject({ reason: "blocked", retryAfterMs: 5000 });
    const waiting = watch(limiter.acquire());
    await clock.advanceAsync(4999);
    expect([limiter.tryAcquire(), waiting.status]).toEqual([undefined, "pending"]);
    await clock.advanceAsync(1);
    expect(waiting.status).toBe("fulfilled");
    limiter.block(1000);
    limiter.block(0);
    expect(limiter.tryAcquire()).toBeDefined();
    limiter.block(1000);
    limiter.refund();
    expect(limiter.check()).toMatchObject({ allowed: false, retryAfterMs: 1000 });
    expect([limiter.tryAcquire(), limiter.take().allowed]).toEqual([undefined, false]);
  });

  it("penalise makes it missing, reset forgets everything", () => {
    const { limiter } = made();
    limiter.penalise(4);
    expect(limiter.check().retryAfterMs).toBe(1500);
    limiter.block(1000);
    limiter.reset();
    expect(limiter.check()).toMatchObject({ allowed: true, remaining: 2 });
  });

  it("B22: a change up gives the difference at once, a change down takes it, and nothing is negative", async () => {
    const { limiter } = made();
    limiter.take(2);
    const waiting = watch(limiter.acquire());
    await settled();
    limiter.change(gcra({ limit: 5, perMs: 1000 }));
    await settled();
    expect([waiting.status, limiter.check().remaining, limiter.stats.limit]).toEqual(["fulfilled", 2, 5]);
    limiter.change(gcra({ limit: 1, perMs: 1000 }));
    expect(limiter.check()).toMatchObject({ remaining: 0, limit: 1, retryAfterMs: 1000 });
  });

  it("wrong options are refused and named", () => {
    // @ts-expect-error callers without types exist
    expect(() => new RateLimiter({ algorithm: { limit: 5 } })).toThrow("algorithm must be one, such as gcra({ limit, perMs }), got object");
    expect(() => made({ queueLimit: -1 })).toThrow("queueLimit must be a whole number");
    expect(() => made({ queueTimeoutMs: NaN })).toThrow("queueTimeoutMs must be a number");
    expect(() => made().limiter.block(-1)).toThrow("durationMs must be a number");
  });
});

describe("reservations", () => {
  const bucket = () => {
    const clock = new ManualClock(1_000);
    return { clock, limiter: new RateLimiter({ algorithm: tokenBucket({ refillPerSecond: 10, burst: 1 }), clock }) };
  };

  it("book the next places, and are cancelled", () => {
    const { limiter } = bucket();
    const delays = [1, 2, 3].map(() => limiter.reserve());
    expect(delays.map((reservation) => reservation?.delayMs)).toEqual([0, 100, 200]);
    delays[2]?.cancel();
    delays[2]?.cancel();
    expect(limiter.reserve()?.delayMs).toBe(200);
    expect(limiter.reserve({ maxDelayMs: 299 })).toBeUndefined();
    expect(limiter.reserve({ weight: 2 })).toBeUndefined();
  });

  it("are not given before those who wait, nor while blocked or closed", async () => {
    const { clock, limiter } = bucket();
    limiter.take();
    const waiting = watch(limiter.acquire());
    await settled();
    expect(limiter.reserve()).toBeUndefined();
    await clock.advanceAsync(100);
    expect(waiting.status).toBe("fulfilled");
    limiter.block(10);
    expect(limiter.reserve()).toBeUndefined();
    limiter.block(0);
    limiter.close();
    expect(limiter.reserve()).toBeUndefined();
  });

  it("cancelling lets in who waits behind them", async () => {
    const { clock, limiter } = bucket();
    const first = limiter.reserve();
    const second = limiter.reserve();
    const waiting = watch(limiter.acquire());
    await settled();
    expect(limiter.waiting).toBe(1);
    second?.cancel();
    await clock.advanceAsync(100);
    expect([first?.delayMs, waiting.status]).toEqual([0, "fulfilled"]);
  });

  it("are for algorithms that can, which the types know", () => {
    const limiter = new RateLimiter({ algorithm: slidingLog({ limit: 1, windowMs: 1 }) });
    // @ts-expect-error a log has no bookings
    expect(() => limiter.reserve()).toThrow(TypeError);
  });
});

describe("spacing from the end", () => {
  it("B16: the next one starts so long after the last one ended, run or permit", async () => {
    const { clock, limiter } = made({ algorithm: spacing({ everyMs: 100, from: "end" }) });
    const gate = deferred();
    const first = limiter.run(() => gate.promise);
    const permit = watch(limiter.acquire());
    await clock.advanceAsync(500);
    expect([permit.status, clock.pendingTimers]).toEqual(["pending", 0]);
    gate.resolve();
    await first;
    await clock.advanceAsync(99);
    expect(permit.status).toBe("pending");
    await clock.advanceAsync(1);
    expect(permit.status).toBe("fulfilled");
    expect(limiter.tryAcquire()).toBeUndefined();
    permit.value?.release();
    await clock.advanceAsync(100);
    expect(limiter.tryAcquire()).toBeDefined();
  });

  it("work that throws ends, too", async () => {
    const { clock, limiter } = made({ algorithm: spacing({ everyMs: 100, from: "end" }) });
    await errorOf(limiter.run(() => { throw new Error("no"); }));
    await clock.advanceAsync(100);
    expect(limiter.tryAcquire()).toBeDefined();
  });
});

describe("several at once", () => {
  it("B18: all or nothing, and retryAfterMs is the longest", () => {
    const { clock, limiter } = made({ algorithm: allOf(gcra({ limit: 2, perMs: 1000 }), slidingLog({ limit: 3, windowMs: 60_000 })) });
    expect([limiter.take().allowed, limiter.take().allowed]).toEqual([true, true]);
    expect(limiter.take()).toMatchObject({ allowed: false, retryAfterMs: 500 });
    clock.advance(1000);
    expect([limiter.take().allowed, limiter.take()]).toMatchObject([true, { allowed: false, retryAfterMs: 59_000 }]);
    expect(limiter.stats.limit).toBe(2);
  });

  it("B18: a shared limit counts for all who share it, and a refusal by one's own takes nothing of it", () => {
    const clock = new ManualClock(1_000);
    const everybody = new RateLimiter({ algorithm: gcra({ limit: 3, perMs: 1000 }), clock });
    const user = () => new RateLimiter({ algorithm: allOf(gcra({ limit: 2, perMs: 1000 }), shared(everybody)), clock });
    const [anna, bert] = [user(), user()];
    expect([anna, anna, anna].map((each) => each.take().allowed)).toEqual([true, true, false]);
    expect(everybody.check().remaining).toBe(1);
    expect([bert.take().allowed, bert.take().allowed]).toEqual([true, false]);
    expect(bert.check()).toMatchObject({ allowed: false, remaining: 0 });
    bert.refund();
    expect(everybody.check().remaining).toBe(1);
    everybody.block(5000);
    expect(bert.take()).toMatchObject({ allowed: false, retryAfterMs: 5000 });
  });

  it("B18: one that is shared twice counts twice", () => {
    const clock = new ManualClock(1_000);
    const source = new RateLimiter({ algorithm: gcra({ limit: 3, perMs: 3000 }), clock });
    const limiter = new RateLimiter({ algorithm: allOf(shared(source), shared(source)), clock });
    expect([limiter.take().allowed, limiter.take().allowed]).toEqual([true, false]);
    expect([source.check().remaining, limiter.check().retryAfterMs]).toEqual([1, 1000]);
  });
});

it("whatever happens, nobody is lost, the rate holds, the order is kept, and no timer is left", async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant("acquire" as const), weight: fc.integer({ min: 1, max: 3 }), timeoutMs: fc.constantFrom(Infinity, 300, 1500) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("try" as const), weight: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("abort" as const), index: fc.nat(20) }) },
    { weight: 5, arbitrary: fc.record({ type: fc.constantFrom("advance" as const, "jump" as const), ms: fc.integer({ min: 1, max: 900 }) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
      const { clock, limiter } = made({ algorithm: slidingLog({ limit: 3, windowMs: 1000 }), queueLimit: 6 });
      const taken: { readonly at: number; readonly weight: number }[] = [];
      const order: number[] = [];
      const aborts: AbortController[] = [];
      let settledCount = 0;
      const granted = (weight: number): void => void taken.push({ at: clock.now(), weight });
      for (const each of steps) {
        if (each.type === "acquire") {
          const id = aborts.length;
          const controller = new AbortController();
          aborts.push(controller);
          limiter.acquire({ weight: each.weight, timeoutMs: each.timeoutMs, signal: controller.signal }).then(
            (permit: Permit) => {
              settledCount += 1;
              order.push(id);
              granted(permit.weight);
            },
            () => (settledCount += 1),
          );
        } else if (each.type === "try") {
          if (limiter.tryAcquire({ weight: each.weight }) !== undefined) granted(each.weight);
        } else if (each.type === "abort") aborts[each.index % Math.max(1, aborts.length)]?.abort();
        else if (each.type === "advance") await clock.advanceAsync(each.ms);
        else clock.jump(each.ms);
        await settled();
        expect(aborts.length - settledCount).toBe(limiter.waiting);
      }
      await clock.advanceAsync(60_000);
      expect([limiter.waiting, clock.pendingTimers, settledCount]).toEqual([0, 0, aborts.length]);
      expect(order).toEqual([...order].sort((one, other) => one - other));
      for (const { at } of taken) {
        const inWindow = taken.filter((other) => other.at >= at && other.at < at + 1000).reduce((total, { weight }) => total + weight, 0);
        expect(inWindow).toBeLessThanOrEqual(3);
      }
    }),
    { numRuns: 200 },
  );
});
