import { ManualClock, settled } from "@breakwater/core/testing";
import { ConcurrencyLimiter, type Permit } from "@breakwater/limiter";
import { describe, expect, it, vi } from "vitest";
import { countListeners, deferred, errorOf, fullLimiter, watch } from "./helpers.ts";

/** Section 3.A of the reference: what other semaphores get wrong. A11-A13 are about queues that this one is not. */
describe("traps", () => {
  it("A1: a newcomer cannot take the slot freed for a waiter, neither in the same turn nor in a microtask", async () => {
    const { limiter, held } = fullLimiter({ limit: 1 });
    const order: string[] = [];
    const waiting = limiter.run(() => order.push("waiter"));
    held[0]?.release();
    expect(limiter.tryAcquire()).toBeUndefined();
    const newcomer = limiter.run(() => order.push("newcomer"));
    await Promise.resolve();
    expect(limiter.tryAcquire()).toBeUndefined();
    await Promise.all([waiting, newcomer]);
    expect(order).toEqual(["waiter", "newcomer"]);
  });

  it("A2: a heavy head blocks the light ones behind it and newcomers, and is served as soon as it fits", async () => {
    const { limiter, held } = fullLimiter({ limit: 3 });
    const heavy = watch(limiter.acquire({ weight: 3 }));
    const light = watch(limiter.acquire());
    held[0]?.release();
    held[1]?.release();
    expect(limiter.tryAcquire()).toBeUndefined();
    await settled();
    expect([heavy.status, light.status]).toEqual(["pending", "pending"]);
    held[2]?.release();
    await settled();
    expect([heavy.status, light.status]).toEqual(["fulfilled", "pending"]);
  });

  it.each(["abort", "timeout"])("A2: when the heavy head leaves by %s, those behind it that fit are admitted at once", async (way) => {
    const clock = new ManualClock();
    const { limiter, held } = fullLimiter({ limit: 3, clock });
    const controller = new AbortController();
    const heavy = watch(limiter.acquire({ weight: 3, signal: controller.signal, timeoutMs: 10 }));
    const light = [watch(limiter.acquire()), watch(limiter.acquire()), watch(limiter.acquire())];
    held[0]?.release();
    held[1]?.release();
    if (way === "abort") controller.abort();
    else clock.advance(10);
    expect(limiter.stats).toMatchObject({ inUse: 3, waiting: 1 });
    await settled();
    expect(heavy.status).toBe("rejected");
    expect(light.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "pending"]);
  });

  it("A2: a newcomer is admitted when the heavy head's time is over, though its timer has not come yet", async () => {
    const clock = new ManualClock();
    const limiter = new ConcurrencyLimiter({ limit: 3, clock });
    limiter.tryAcquire();
    const heavy = watch(limiter.acquire({ weight: 3, timeoutMs: 10 }));
    clock.jump(10);
    expect(limiter.tryAcquire()?.weight).toBe(1);
    await settled();
    expect(heavy.error).toMatchObject({ reason: "timeout" });
    expect(clock.pendingTimers).toBe(0);
  });

  it("A3: a weight above the limit is refused at once, and admitted after a resize up", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 2 });
    expect(await errorOf(limiter.acquire({ weight: 3 }))).toMatchObject({ reason: "too-heavy", limit: 2 });
    expect(await errorOf(limiter.run(() => 1, {}, { weight: 3 }))).toMatchObject({ reason: "too-heavy" });
    limiter.resize(3);
    expect((await limiter.acquire({ weight: 3 })).weight).toBe(3);
  });

  it("A4: abort and release in the same turn have one outcome, and no permit is lost", async () => {
    for (const isAbortFirst of [true, false]) {
      const { limiter, held } = fullLimiter({ limit: 1 });
      const controller = new AbortController();
      const waiting = watch(limiter.acquire({ signal: controller.signal }));
      const acts = [() => controller.abort(), () => held[0]?.release()];
      for (const act of isAbortFirst ? acts : acts.reverse()) act();
      await settled();
      expect(waiting.status).toBe(isAbortFirst ? "rejected" : "fulfilled");
      expect(limiter.stats.inUse).toBe(isAbortFirst ? 0 : 1);
      waiting.value?.release();
      expect(limiter.stats).toMatchObject({ inUse: 0, waiting: 0 });
    }
  });

  it("A4: a release that comes at the deadline, before its timer, grants nothing", async () => {
    const clock = new ManualClock();
    const { limiter, held } = fullLimiter({ limit: 1, clock });
    const late = watch(limiter.acquire({ deadlineAt: 10 }));
    clock.jump(10);
    held[0]?.release();
    await settled();
    expect(late.error).toMatchObject({ reason: "deadline" });
    expect(limiter.stats).toMatchObject({ inUse: 0, rejected: 1 });
    clock.advance(100);
    expect(limiter.stats.rejected).toBe(1);
  });

  it("A4: aborting after the grant releases nothing and leaves no listener", async () => {
    const { limiter, held } = fullLimiter({ limit: 1 });
    const controller = new AbortController();
    const listeners = countListeners(controller.signal);
    const waiting = limiter.acquire({ signal: controller.signal });
    held[0]?.release();
    const permit = await waiting;
    expect(listeners).toEqual({ added: 1, left: 0 });
    controller.abort();
    expect(limiter.stats.inUse).toBe(1);
    permit.release();
    expect(limiter.stats.inUse).toBe(0);
  });

  it("A5: an aborted signal fails with its own reason though a slot is free", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1 });
    const reason = { any: "value" };
    const call = { signal: AbortSignal.abort(reason) };
    const work = vi.fn();
    expect(await errorOf(limiter.acquire(call))).toBe(reason);
    expect(await errorOf(limiter.run(work, call))).toBe(reason);
    expect(await errorOf(limiter.run(work, call, { weight: 1 }))).toBe(reason);
    expect(await errorOf(limiter.layer(async () => void work())(1, call))).toBe(reason);
    expect(work).not.toHaveBeenCalled();
    expect(limiter.stats).toMatchObject({ inUse: 0, granted: 0, rejected: 0 });
  });

  it("A6: an abort while queued rejects with the signal's reason and frees the place in the queue at once", async () => {
    const { limiter } = fullLimiter({ limit: 1, queueLimit: 1 });
    const controller = new AbortController();
    const reason = new Error("gone");
    const waiting = errorOf(limiter.run(() => 1, { signal: controller.signal }));
    expect(await errorOf(limiter.acquire())).toMatchObject({ reason: "queue-full" });
    controller.abort(reason);
    expect(limiter.stats.waiting).toBe(0);
    const next = watch(limiter.acquire());
    expect(await waiting).toBe(reason);
    expect(next.status).toBe("pending");
    expect(limiter.stats.waiting).toBe(1);
  });

  it("A7: releasing twice mints no permit, also after a shrink", () => {
    const { limiter, held } = fullLimiter({ limit: 2 });
    limiter.resize(1);
    held[0]?.release();
    held[0]?.release();
    held[0]?.[Symbol.dispose]();
    expect(limiter.stats.inUse).toBe(1);
    expect(limiter.tryAcquire()).toBeUndefined();
    held[1]?.release();
    expect(limiter.tryAcquire()?.weight).toBe(1);
    expect(limiter.tryAcquire()).toBeUndefined();
  });

  it("A8: a shrink returns at once, work goes on, and nothing is granted until the debt is paid", async () => {
    const { limiter, held } = fullLimiter({ limit: 4 });
    const waiting = watch(limiter.acquire());
    limiter.resize(2);
    expect(limiter.stats).toMatchObject({ limit: 2, inUse: 4 });
    held[0]?.release();
    held[1]?.release();
    await settled();
    expect(waiting.status).toBe("pending");
    held[2]?.release();
    await settled();
    expect(waiting.status).toBe("fulfilled");
    expect(limiter.stats.inUse).toBe(2);
  });

  it("A9: the queue timeout ends the wait and never the work", async () => {
    const clock = new ManualClock();
    const limiter = new ConcurrencyLimiter({ limit: 1, queueTimeoutMs: 10, clock });
    const work = deferred<string>();
    const running = watch(limiter.run(() => work.promise));
    const waiting = watch(limiter.run(() => "never"));
    await clock.advanceAsync(10);
    expect(waiting.error).toMatchObject({ reason: "timeout" });
    await clock.advanceAsync(1000);
    expect(running.status).toBe("pending");
    work.resolve("done");
    await settled();
    expect(running.value).toBe("done");
  });

  it("A9: a deadline that has passed fails now, though a slot is free", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 1, clock: new ManualClock(100) });
    const work = vi.fn();
    expect(await errorOf(limiter.run(work, { deadlineAt: 100 }))).toMatchObject({ reason: "deadline" });
    expect(await errorOf(limiter.acquire({ deadlineAt: 99 }))).toMatchObject({ reason: "deadline" });
    expect(work).not.toHaveBeenCalled();
    expect(await limiter.run(() => "in time", { deadlineAt: 101 })).toBe("in time");
  });

  it("A10: a queue of 0 never waits", async () => {
    const { limiter, held } = fullLimiter({ limit: 1, queueLimit: 0 });
    expect(await errorOf(limiter.run(() => 1))).toMatchObject({ reason: "queue-full" });
    held[0]?.release();
    expect(await limiter.run(() => 1)).toBe(1);
  });

  it("A14: a thenable, a throwing thenable and a throwing listener leak no permit", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { limiter, held } = fullLimiter({ limit: 1, queueLimit: 0 });
    limiter.on("rejected", () => {
      throw new Error("listener");
    });
    expect(await errorOf(limiter.acquire())).toMatchObject({ reason: "queue-full" });
    expect(warned).toHaveBeenCalledOnce();
    warned.mockRestore();
    held[0]?.release();
    const thenable = (settle: (resolve: (value: string) => void) => void): PromiseLike<string> =>
      // A thenable that is no promise, as query builders are.
      ({ then: (resolve: (value: string) => void) => settle(resolve) }) as unknown as PromiseLike<string>;
    expect(await limiter.run(() => thenable((resolve) => resolve("value")))).toBe("value");
    const error = new Error("then");
    const throwing = thenable(() => {
      throw error;
    });
    expect(await errorOf(limiter.run(() => throwing))).toBe(error);
    expect(limiter.stats.inUse).toBe(0);
  });

  it("A15: everybody who waits settles on close, acquire after it is refused, and closing again is harmless", async () => {
    const { limiter } = fullLimiter({ limit: 1, queueLimit: Infinity });
    const waiting = Array.from({ length: 100 }, () => errorOf(limiter.acquire()));
    limiter.close();
    limiter.close();
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ reason: "closed" });
    expect(await errorOf(limiter.acquire())).toMatchObject({ reason: "closed" });
    expect(await errorOf(limiter.run(() => 1))).toMatchObject({ reason: "closed" });
  });

  it("A15: a listener that closes the limiter cannot leave a caller in the line of a closed limiter", async () => {
    const clock = new ManualClock();
    const limiter = new ConcurrencyLimiter({ limit: 2, clock });
    limiter.tryAcquire();
    const late = errorOf(limiter.acquire({ weight: 2, timeoutMs: 10 }));
    limiter.on("rejected", () => limiter.close());
    clock.jump(10);
    expect(await errorOf(limiter.acquire())).toMatchObject({ reason: "closed" });
    expect(await late).toMatchObject({ reason: "timeout" });
  });

  it("A16: one timer while somebody waits with a time limit, none otherwise, and it holds the process", async () => {
    const clock = new ManualClock();
    const { limiter, held } = fullLimiter({ limit: 1, queueTimeoutMs: 100, clock });
    expect(clock.pendingTimers).toBe(0);
    const waiting = Array.from({ length: 10 }, () => limiter.run(() => 1));
    expect([clock.pendingTimers, clock.pendingRefTimers]).toEqual([1, 1]);
    held[0]?.release();
    await Promise.all(waiting);
    expect(clock.pendingTimers).toBe(0);
  });

  it("A17: 100,000 waiters pass through one slot", async () => {
    const { limiter, held } = fullLimiter({ limit: 1, queueLimit: Infinity, queueTimeoutMs: 1e6 });
    let next = 0;
    let isOrdered = true;
    const waiting = Array.from({ length: 100_000 }, (_, index) =>
      limiter.run(() => {
        isOrdered &&= index === next;
        next += 1;
      }),
    );
    held[0]?.release();
    await Promise.all(waiting);
    expect([next, isOrdered]).toEqual([100_000, true]);
  });

  it("A17: 100,000 waiters of one signal share one listener, and leave together", async () => {
    const { limiter } = fullLimiter({ limit: 1, queueLimit: Infinity });
    const controller = new AbortController();
    const listeners = countListeners(controller.signal);
    let aborted = 0;
    const waiting = Array.from({ length: 100_000 }, () =>
      limiter.run(() => 1, { signal: controller.signal }).catch(() => (aborted += 1)),
    );
    expect(listeners).toEqual({ added: 1, left: 1 });
    controller.abort();
    expect(limiter.stats.waiting).toBe(0);
    await Promise.all(waiting);
    expect(aborted).toBe(100_000);
    expect(listeners.left).toBe(0);
  });

  it("A17: 100,000 waiters time out, or are refused by close, with everybody listening", async () => {
    const clock = new ManualClock();
    const { limiter } = fullLimiter({ limit: 1, queueLimit: Infinity, clock });
    let heard = 0;
    limiter.on("rejected", () => (heard += 1));
    const ignore = (): undefined => undefined;
    const late = Array.from({ length: 100_000 }, () => limiter.acquire({ timeoutMs: 5 }).catch(ignore));
    clock.advance(5);
    await Promise.all(late);
    const closed = Array.from({ length: 100_000 }, () => limiter.acquire().catch(ignore));
    limiter.close();
    await Promise.all(closed);
    expect([heard, limiter.stats.rejected]).toEqual([200_000, 200_000]);
  });

  it("A19: whoever acquires, releases, resizes or closes inside a listener finds a consistent limiter", async () => {
    const clock = new ManualClock();
    const { limiter, held } = fullLimiter({ limit: 2, clock });
    const inside: (Permit | undefined)[] = [];
    limiter.on("rejected", () => {
      held[0]?.release();
      inside.push(limiter.tryAcquire());
      limiter.resize(3);
    });
    limiter.on("resized", () => inside.push(limiter.tryAcquire()));
    const late = errorOf(limiter.acquire({ timeoutMs: 1 }));
    clock.advance(1);
    await late;
    expect(inside.map((permit) => permit?.weight)).toEqual([1, 1]);
    expect(limiter.stats).toMatchObject({ limit: 3, inUse: 3, waiting: 0 });
  });

  it("A19: work may use the same limiter when there is room", async () => {
    const limiter = new ConcurrencyLimiter({ limit: 2 });
    expect(await limiter.run(() => limiter.run(() => "inner"))).toBe("inner");
    expect(limiter.stats.inUse).toBe(0);
  });
});
