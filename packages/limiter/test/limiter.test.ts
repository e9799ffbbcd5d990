import { isRejected } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { ConcurrencyLimiter, LimiterRejectedError, type ConcurrencyLimiterOptions } from "@breakwater/limiter";
import { describe, expect, it, vi } from "vitest";
import { deferred, errorOf, FakeMeter, fullLimiter, watch } from "./helpers.ts";

describe("permits", () => {
  it("as many as the limit are granted, and the next one when one comes back", () => {
    const { limiter, held } = fullLimiter({ limit: 3 });
    expect(held.length).toBe(3);
    expect(limiter.tryAcquire()).toBeUndefined();
    held[0]?.release();
    expect(limiter.tryAcquire()?.weight).toBe(1);
    expect(limiter.stats).toEqual({ limit: 3, inUse: 3, waiting: 0, granted: 4, rejected: 0 });
  });

  it("a weight takes that much of the limit", () => {
    const limiter = new ConcurrencyLimiter({ limit: 5 });
    const heavy = limiter.tryAcquire({ weight: 3 });
    expect(heavy?.weight).toBe(3);
    expect(limiter.tryAcquire({ weight: 3 })).toBeUndefined();
    expect(limiter.tryAcquire({ weight: 2 })?.weight).toBe(2);
    heavy?.release("failure");
    expect(limiter.stats.inUse).toBe(2);
  });

  it("acquire grants at once when there is room, and otherwise waits for it", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1 });
    const first = await limiter.acquire();
    const second = watch(limiter.acquire());
    await settled();
    expect(second.status).toBe("pending");
    expect(limiter.stats).toMatchObject({ inUse: 1, waiting: 1 });
    first.release();
    expect(limiter.stats).toMatchObject({ inUse: 1, waiting: 0 });
    await settled();
    expect(second.status).toBe("fulfilled");
  });

  it("a permit goes back at the end of its block with Symbol.dispose", () => {
    const limiter = new ConcurrencyLimiter({ limit: 1 });
    limiter.tryAcquire()?.[Symbol.dispose]();
    expect(limiter.stats.inUse).toBe(0);
  });

  it("an infinite limit admits everybody and still counts", () => {
    const limiter = new ConcurrencyLimiter({ limit: Infinity });
    for (let i = 0; i < 100; i += 1) limiter.tryAcquire();
    expect(limiter.stats).toMatchObject({ limit: Infinity, inUse: 100 });
  });
});

describe("run and layer", () => {
  it("work starts in the same turn when there is room, and its result passes through", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1 });
    const value = {};
    let hasStarted = false;
    const result = limiter.run(() => {
      hasStarted = true;
      return value;
    });
    expect(hasStarted).toBe(true);
    expect(limiter.stats.inUse).toBe(1);
    expect(await result).toBe(value);
    expect(limiter.stats.inUse).toBe(0);
  });

  it.each([1, 2])("a waiting run of weight %i starts when its turn comes, with the call it was given", async (weight) => {
    const { limiter, held } = fullLimiter({ limit: 2 });
    const call = { priority: 3 };
    const work = vi.fn((given: object) => given);
    const result = limiter.run(work, call, { weight });
    await settled();
    expect(work).not.toHaveBeenCalled();
    for (const permit of held) permit.release();
    expect(await result).toBe(call);
    expect(limiter.stats.inUse).toBe(0);
  });

  it.each([1, 2])("the work's own error passes through, thrown or rejected, and the slot of weight %i is free", async (weight) => {
    const limiter = new ConcurrencyLimiter({ limit: 2 });
    const error = new Error("own");
    const throwing = (): never => {
      throw error;
    };
    expect(await errorOf(limiter.run(throwing, {}, { weight }))).toBe(error);
    expect(await errorOf(limiter.run(() => Promise.reject(error), {}, { weight }))).toBe(error);
    expect(limiter.stats.inUse).toBe(0);
  });

  it("the layer admits, waits and refuses as run does, and hands input and call through", async () => {
    const { limiter, held } = fullLimiter({ limit: 1, queueLimit: 1 });
    const call = { priority: 1 };
    const guarded = limiter.layer(async (input: string, given: typeof call) => ({ input, given }));
    const waiting = guarded("a", call);
    expect(await errorOf(guarded("b", call))).toMatchObject({ reason: "queue-full" });
    held[0]?.release();
    expect(await waiting).toEqual({ input: "a", given: call });
    const { given } = await guarded("c", call);
    expect(given).toBe(call);
    expect(limiter.stats).toMatchObject({ inUse: 0, waiting: 0 });
  });

  it("a service that throws before it returns a promise becomes a rejection, and frees the slot", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1 });
    const error = new Error("sync");
    const guarded = limiter.layer(() => {
      throw error;
    });
    expect(await errorOf(guarded(undefined, {}))).toBe(error);
    expect(limiter.stats.inUse).toBe(0);
  });

  it("a run that had to wait does not start work whose signal aborted after the slot was handed over", async () => {
    const { limiter, held } = fullLimiter({ limit: 1 });
    const controller = new AbortController();
    const work = vi.fn();
    const result = limiter.run(work, { signal: controller.signal });
    held[0]?.release();
    const reason = new Error("gone");
    controller.abort(reason);
    expect(await errorOf(result)).toBe(reason);
    expect(work).not.toHaveBeenCalled();
    expect(limiter.stats).toMatchObject({ inUse: 0, waiting: 0 });
  });

  it("a run that had to wait does not start work whose deadline passed after the slot was handed over", async () => {
    const clock = new ManualClock();
    const { limiter, held } = fullLimiter({ limit: 1, clock });
    const work = vi.fn();
    const result = limiter.run(work, { deadlineAt: 10 });
    held[0]?.release();
    clock.jump(10);
    expect(await errorOf(result)).toMatchObject({ reason: "deadline" });
    expect(work).not.toHaveBeenCalled();
    expect(limiter.stats).toMatchObject({ inUse: 0, rejected: 1 });
  });

  it("a refused weight or timeout is a rejection of acquire and run, and a throw of tryAcquire", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1 });
    const work = vi.fn();
    for (const weight of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => limiter.tryAcquire({ weight })).toThrow(RangeError);
      expect(await errorOf(limiter.acquire({ weight }))).toBeInstanceOf(RangeError);
      expect(await errorOf(limiter.run(work, {}, { weight }))).toBeInstanceOf(RangeError);
    }
    expect(await errorOf(limiter.acquire({ timeoutMs: -1 }))).toMatchObject({ message: expect.stringContaining("timeoutMs") as string });
    expect(work).not.toHaveBeenCalled();
    expect(limiter.stats.inUse).toBe(0);
  });

  it("a rejection that the caller drops stays visible as unhandled", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1 });
    const seen: unknown[] = [];
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", (error) => seen.push(error));
    const error = new Error("dropped");
    void limiter.run(() => Promise.reject(error));
    await settled();
    await settled();
    process.removeAllListeners("unhandledRejection");
    for (const listener of listeners) process.on("unhandledRejection", listener);
    expect(seen).toEqual([error]);
  });
});

describe("refusals", () => {
  const refusals: [string, ConcurrencyLimiterOptions, (limiter: ConcurrencyLimiter, clock: ManualClock) => Promise<unknown>, string][] = [
    ["queue-full", { limit: 2, queueLimit: 0 }, (limiter) => limiter.acquire(), "limiter db is full: 2 of 2 in use, 0 of 0 waiting"],
    ["timeout", { limit: 2 }, (limiter) => limiter.acquire({ timeoutMs: 0 }), "limiter db had no room within 0 ms: 2 of 2 in use"],
    [
      "timeout",
      { limit: 2, queueTimeoutMs: 250 },
      (limiter, clock) => {
        const waiting = limiter.run(() => undefined);
        clock.advance(250);
        return waiting;
      },
      "limiter db had no room within 250 ms: 2 of 2 in use",
    ],
    ["deadline", { limit: 2 }, (limiter) => limiter.acquire({ deadlineAt: 0 }), "limiter db got the call past its deadline: 2 of 2 in use"],
    ["too-heavy", { limit: 2 }, (limiter) => limiter.acquire({ weight: 3 }), "limiter db cannot admit a weight of 3: the limit is 2"],
    [
      "closed",
      { limit: 2 },
      (limiter) => {
        limiter.close();
        return limiter.acquire();
      },
      "limiter db is closed",
    ],
  ];

  it.each(refusals)("%s says so, with the numbers and without a stack", async (reason, options, ask, message) => {
    const clock = new ManualClock();
    const { limiter } = fullLimiter({ ...options, clock, name: "db" });
    const error = await errorOf(ask(limiter, clock));
    expect(error).toBeInstanceOf(LimiterRejectedError);
    expect(isRejected(error)).toBe(true);
    const expected = { name: "LimiterRejectedError", code: "ERR_LIMITER_REJECTED", reason, message, limit: 2, source: "db" };
    expect(error).toMatchObject(expected);
    expect((error as Error).stack).toBe(`LimiterRejectedError: ${message}`);
    expect(limiter.stats).toMatchObject({ rejected: 1, waiting: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it("the queue is bounded to ten limits' worth of callers by default, whatever they weigh", async () => {
    const { limiter } = fullLimiter({ limit: 2 });
    const waiting = Array.from({ length: 20 }, (_, index) => errorOf(limiter.acquire({ weight: 1 + (index % 2) })));
    expect(limiter.stats.waiting).toBe(20);
    expect(await errorOf(limiter.acquire())).toMatchObject({ reason: "queue-full" });
    limiter.close();
    await Promise.all(waiting);
  });

  it("every refusal is an event, heard when the state is committed; aborts and tryAcquire are none", async () => {
    const { limiter } = fullLimiter({ limit: 1, queueLimit: 1 });
    const heard: unknown[] = [];
    limiter.on("rejected", ({ reason, error }) => heard.push([reason, error.reason, limiter.stats.waiting]));
    const controller = new AbortController();
    const aborted = errorOf(limiter.acquire({ signal: controller.signal }));
    await errorOf(limiter.acquire());
    controller.abort();
    await aborted;
    limiter.tryAcquire();
    const closed = errorOf(limiter.acquire());
    limiter.close();
    await closed;
    expect(heard).toEqual([["queue-full", "queue-full", 1], ["closed", "closed", 0]]);
    expect(limiter.stats.rejected).toBe(2);
  });

  it("a listener of a timeout sees the waiter gone", async () => {
    const clock = new ManualClock();
    const { limiter } = fullLimiter({ limit: 1, queueTimeoutMs: 5, clock });
    const seen: number[] = [];
    limiter.on("rejected", () => seen.push(limiter.stats.waiting));
    const refused = errorOf(limiter.acquire());
    clock.advance(5);
    await refused;
    expect(seen).toEqual([0]);
  });
});

describe("time", () => {
  it("the earlier of timeout and deadline ends the wait, and gives the reason", async () => {
    const clock = new ManualClock(1000);
    const { limiter } = fullLimiter({ limit: 1, queueTimeoutMs: 100, clock });
    const byQueueTimeout = watch(limiter.acquire({ deadlineAt: 1101 }));
    const byDeadline = watch(limiter.acquire({ deadlineAt: 1099 }));
    const byOwnTimeout = watch(limiter.acquire({ timeoutMs: 50, deadlineAt: 1099 }));
    const patient = watch(limiter.acquire({ timeoutMs: Infinity }));
    await clock.advanceAsync(50);
    expect(byOwnTimeout.error).toMatchObject({ reason: "timeout" });
    await clock.advanceAsync(48);
    expect(byDeadline.status).toBe("pending");
    await clock.advanceAsync(1);
    expect(byDeadline.error).toMatchObject({ reason: "deadline" });
    await clock.advanceAsync(1);
    expect(byQueueTimeout.error).toMatchObject({ reason: "timeout" });
    await clock.advanceAsync(1e9);
    expect(patient.status).toBe("pending");
    expect(clock.pendingTimers).toBe(0);
  });

  it("a deadline that is no number, or Infinity, ends nothing", async () => {
    const clock = new ManualClock();
    const { limiter, held } = fullLimiter({ limit: 1, clock });
    const first = watch(limiter.acquire({ deadlineAt: NaN }));
    const second = watch(limiter.acquire({ deadlineAt: Infinity }));
    await clock.advanceAsync(1e6);
    held[0]?.release();
    await settled();
    expect([first.status, second.status]).toEqual(["fulfilled", "pending"]);
  });

  it("a slot is not given to one whose timer is late, and what was asked for its weight goes to nobody else", async () => {
    // Each reading of this clock is later than the one before.
    const clock = new ManualClock();
    const ticking = { now: () => (clock.jump(1), clock.now()), setTimer: clock.setTimer.bind(clock) };
    for (let deadlineAt = 1; deadlineAt < 30; deadlineAt += 1) {
      const limiter = new ConcurrencyLimiter({ limit: 3, clock: ticking });
      const held = limiter.tryAcquire({ weight: 3 });
      const light = watch(limiter.acquire({ deadlineAt: clock.now() + deadlineAt }));
      const heavy = watch(limiter.acquire({ weight: 3 }));
      held?.release();
      await settled();
      const inUse = (light.value?.weight ?? 0) + (heavy.value?.weight ?? 0);
      expect(limiter.stats.inUse).toBe(inUse);
      expect(inUse).toBe(light.status === "fulfilled" ? 1 : 3);
    }
  });
});

describe("resize", () => {
  it("up admits all that fit, in order, and tells once", async () => {
    const { limiter } = fullLimiter({ limit: 1 });
    const order: number[] = [];
    const resized = vi.fn();
    limiter.on("resized", resized);
    for (const id of [1, 2, 3]) void limiter.acquire().then(() => order.push(id));
    limiter.resize(3);
    limiter.resize(3);
    expect(limiter.stats).toEqual({ limit: 3, inUse: 3, waiting: 1, granted: 3, rejected: 0 });
    await settled();
    expect(order).toEqual([1, 2]);
    expect(resized.mock.calls).toEqual([[{ from: 1, to: 3 }]]);
  });

  it("a limit that was made 0 is a pause: callers wait, whatever they weigh, and are judged when it ends", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 0, queueLimit: 10 });
    const light = watch(limiter.acquire());
    const heavy = watch(limiter.acquire({ weight: 5 }));
    const last = watch(limiter.run(() => "ran"));
    await settled();
    expect([light, heavy, last].map(({ status }) => status)).toEqual(["pending", "pending", "pending"]);
    limiter.resize(3);
    await settled();
    expect(light.status).toBe("fulfilled");
    expect(heavy.error).toMatchObject({ reason: "too-heavy", limit: 3 });
    expect(last.value).toBe("ran");
  });

  it("one that waits and is too heavy for a lower limit is refused when it is first in line", async () => {
    const { limiter, held } = fullLimiter({ limit: 4 });
    const light = watch(limiter.acquire());
    const heavy = watch(limiter.acquire({ weight: 3 }));
    const behind = watch(limiter.acquire({ weight: 2 }));
    limiter.resize(2);
    await settled();
    expect([light.status, heavy.status, behind.status]).toEqual(["pending", "pending", "pending"]);
    held.slice(0, 3).forEach((permit) => permit.release());
    await settled();
    expect([light.status, heavy.status, behind.status]).toEqual(["fulfilled", "rejected", "pending"]);
    expect(heavy.error).toMatchObject({ reason: "too-heavy" });
    held[3]?.release();
    light.value?.release();
    await settled();
    expect(behind.status).toBe("fulfilled");
  });

  it("the head of the line that a lower limit makes too heavy is refused at once, after the resize is told", async () => {
    const { limiter } = fullLimiter({ limit: 3 });
    const heard: string[] = [];
    limiter.on("rejected", ({ reason }) => heard.push(reason));
    limiter.on("resized", ({ to }) => heard.push(`to ${to}`));
    const heavy = errorOf(limiter.acquire({ weight: 3 }));
    limiter.resize(2);
    expect(await heavy).toMatchObject({ reason: "too-heavy", limit: 2 });
    expect(heard).toEqual(["to 2", "too-heavy"]);
  });

  it("a limit that is none is refused and changes nothing", () => {
    const limiter = new ConcurrencyLimiter({ limit: 1 });
    for (const limit of [-1, 1.5, NaN]) expect(() => limiter.resize(limit)).toThrow(/^limit must be/);
    expect(limiter.limit).toBe(1);
  });
});

describe("close and idle", () => {
  it("close refuses those who wait and come, lets work go on, and idle tells its end", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1 });
    const work = deferred<string>();
    const running = limiter.run(() => work.promise);
    const waiting = errorOf(limiter.run(() => "never"));
    const why = new Error("shutdown");
    limiter.close(why);
    limiter.close(new Error("second"));
    expect(await waiting).toMatchObject({ reason: "closed", cause: why });
    expect(await errorOf(limiter.acquire())).toMatchObject({ reason: "closed", cause: why });
    expect(limiter.tryAcquire()).toBeUndefined();
    const idle = watch(limiter.idle());
    await settled();
    expect(idle.status).toBe("pending");
    work.resolve("done");
    expect(await running).toBe("done");
    await settled();
    expect(idle.status).toBe("fulfilled");
    expect(limiter.stats).toMatchObject({ inUse: 0, waiting: 0, rejected: 2 });
  });

  it("idle resolves at once when nothing goes on, and waits for those in line too", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1 });
    await limiter.idle();
    const held = await limiter.acquire();
    const next = limiter.acquire();
    const idle = watch(limiter.idle());
    held.release();
    await settled();
    expect(idle.status).toBe("pending");
    (await next).release();
    await settled();
    expect(idle.status).toBe("fulfilled");
  });

  it("idle resolves when the last waiter of a paused limiter goes away", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 0, queueLimit: 1 });
    const controller = new AbortController();
    const waiting = errorOf(limiter.acquire({ signal: controller.signal }));
    const idle = limiter.idle();
    controller.abort();
    await Promise.all([waiting, idle]);
  });

  it("a waiter whose own signal is aborted gets the signal's reason when the limiter closes in the same dispatch", async () => {
    const { limiter } = fullLimiter({ limit: 1 });
    const controller = new AbortController();
    controller.signal.addEventListener("abort", () => limiter.close());
    const waiting = errorOf(limiter.acquire({ signal: controller.signal }));
    const reason = new Error("mine");
    controller.abort(reason);
    expect(await waiting).toBe(reason);
  });
});

describe("measurement", () => {
  it("gauges, rejections by reason and waits go to the meter, with the name", async () => {
    const clock = new ManualClock();
    const meter = new FakeMeter();
    const { limiter, held } = fullLimiter({ limit: 2, queueLimit: 1, name: "db", clock, meter });
    const waiting = limiter.acquire();
    const gauge = (noun: string): number | undefined => meter.gauges.get(`breakwater.limiter.${noun} {"name":"db"}`)?.();
    expect([gauge("limit"), gauge("in_use"), gauge("waiting")]).toEqual([2, 2, 1]);
    await errorOf(limiter.acquire());
    clock.advance(1500);
    held[0]?.release();
    await waiting;
    expect(meter.records.get('breakwater.limiter.wait.duration {"name":"db"}')).toEqual([1.5]);
    expect([...meter.counts]).toEqual([['breakwater.limiter.rejections {"name":"db","reason":"queue-full"}', 1]]);
  });

  it("a closed limiter takes its gauges away when it is idle", async () => {
    const meter = new FakeMeter();
    const { limiter, held } = fullLimiter({ limit: 1, meter });
    limiter.close();
    await settled();
    expect(meter.gauges.size).toBe(3);
    held[0]?.release();
    await settled();
    expect(meter.gauges.size).toBe(0);
  });

  it("without a meter or a time limit no clock is read, waiting included", async () => {
    const now = vi.fn(() => 0);
    const { limiter, held } = fullLimiter({ limit: 1, clock: { now, setTimer: () => ({ cancel: () => 0, unref: () => 0 }) } });
    const waiting = limiter.run(() => "ran");
    held[0]?.release();
    expect(await waiting).toBe("ran");
    expect(now).not.toHaveBeenCalled();
  });
});

describe("options", () => {
  const wrong: [string, unknown][] = [
    ["limit", undefined],
    ["limit", "10"],
    ["limit", -1],
    ["limit", 1.5],
    ["limit", NaN],
    ["queueLimit", -1],
    ["queueLimit", 0.5],
    ["queueTimeoutMs", -1],
    ["queueTimeoutMs", NaN],
  ];

  it.each(wrong)("%s %s is refused at construction by name and value", (option, value) => {
    const options = { limit: 1, [option]: value } as ConcurrencyLimiterOptions;
    expect(() => new ConcurrencyLimiter(options)).toThrow(new RegExp(`^${option} must be .*got`));
  });

  it("the options are read once: changing the object afterwards changes nothing", async () => {
    const options = { limit: 1, queueLimit: 1 };
    const { limiter } = fullLimiter(options);
    options.limit = 10;
    options.queueLimit = 10;
    expect(limiter.tryAcquire()).toBeUndefined();
    const waiting = errorOf(limiter.acquire());
    expect(await errorOf(limiter.acquire())).toMatchObject({ reason: "queue-full" });
    limiter.close();
    await waiting;
  });
});
