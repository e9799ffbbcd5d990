import { isRejected, warn, type Meter } from "@breakwater/core";
import { settled } from "@breakwater/core/testing";
import { Pool, PoolClosedError, PoolFullError, PoolTimeoutError, type Lease } from "@breakwater/pool";
import { describe, expect, it, vi } from "vitest";
import { Bench, fateOf, instant } from "./harness.ts";

describe("borrowing", () => {
  it("a new pool creates nothing by itself", () => {
    const bench = new Bench({ min: 3 });
    expect(bench.creates).toHaveLength(0);
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it("reuses the resource that was returned last", async () => {
    const { pool } = instant();
    const [a, b] = [await pool.acquire(), await pool.acquire()];
    a.release();
    b.release();
    expect((await pool.acquire()).resource).toBe(b.resource);
    expect(pool.stats).toMatchObject({ created: 2, reused: 1, idle: 1, busy: 1 });
  });

  it("resources may be falsy, primitive, or the same one twice", async () => {
    for (const resource of [undefined, null, 0, "", false]) {
      const pool = new Pool({ create: () => resource, max: 2 });
      const [a, b] = [await pool.acquire(), await pool.acquire()];
      expect([a.resource, b.resource]).toEqual([resource, resource]);
      a.release();
      b.destroy();
      expect(pool.stats).toMatchObject({ idle: 1, busy: 0, size: 1, destroyed: 1 });
    }
  });

  it("a second release throws, also after the resource was lent again, and changes nothing", async () => {
    const { pool } = instant({ max: 1 });
    const first = await pool.acquire();
    first.release();
    const second = await pool.acquire();
    for (const settle of [() => first.release(), () => first.destroy(), () => pool.release(first)]) {
      expect(settle).toThrow(expect.objectContaining({ name: "LeaseSettledError", code: "ERR_POOL_LEASE_SETTLED" }));
    }
    first[Symbol.dispose]();
    expect(pool.tryAcquire()).toBeUndefined();
    expect(pool.stats).toMatchObject({ busy: 1, idle: 0 });
    second.destroy();
    second.release(); // as in a finally
    expect(pool.stats).toMatchObject({ busy: 0, idle: 0, destroyed: 1 });
  });

  it("a lease that was destroyed frees its place and is replaced for a waiter", async () => {
    const bench = instant({ max: 1 });
    const lease = await bench.pool.acquire();
    const waiting = bench.pool.acquire();
    lease.destroy();
    expect((await waiting).resource).toBe(2);
    expect(bench.destroyed).toEqual([1]);
  });

  it("tryAcquire serves idle resources only, and never before a waiter", async () => {
    const bench = new Bench({ max: 1 });
    expect(bench.pool.tryAcquire()).toBeUndefined();
    expect(bench.creates).toHaveLength(0);
    const first = bench.pool.acquire();
    await bench.supply();
    const waiting = bench.pool.acquire();
    (await first).release();
    expect(bench.pool.tryAcquire()).toBeUndefined();
    (await waiting).release();
    expect(bench.pool.tryAcquire()?.resource).toBe(1);
  });

  it("await using returns the resource at the end of the block", async () => {
    const { pool } = instant();
    {
      await using lease = await pool.acquire();
      using other = await pool.acquire();
      expect([lease.resource, other.resource]).toEqual([1, 2]);
    }
    expect(pool.stats).toMatchObject({ busy: 0, idle: 2 });
  });

  it("use returns the resource when work answers, promises, rejects or throws", async () => {
    const { pool } = instant();
    const broken = new Error("broken");
    expect(await pool.use((resource) => resource)).toBe(1);
    expect(await pool.use(async (resource) => resource + 1)).toBe(2);
    const works = [
      () => Promise.reject(broken),
      () => {
        throw broken;
      },
    ];
    for (const work of works) await expect(pool.use(work)).rejects.toBe(broken);
    expect(pool.stats).toMatchObject({ busy: 0, idle: 1, destroyed: 0, created: 1 });
  });

  it("destroyOn decides whether an error destroys the resource, and its own throw does", async () => {
    const warning = vi.spyOn(process, "emitWarning").mockReturnValue();
    const bench = instant({
      destroyOn: (error) => {
        if (error === "odd") throw new Error("undecided");
        return error === "fatal";
      },
    });
    for (const error of ["fatal", "mild", "odd"]) {
      await expect(bench.pool.use(() => Promise.reject(error as unknown))).rejects.toBe(error);
    }
    expect(bench.destroyed).toEqual([1, 2]);
    expect(warning).toHaveBeenCalledOnce();
    warning.mockRestore();
  });

  it("the layer hands the lease inward and returns it on every path", async () => {
    const { pool } = instant();
    const service = pool.layer(async (input: number, call) => input + call.lease.resource);
    expect(await service(10, {})).toBe(11);
    const failing = pool.layer(() => Promise.reject(new Error("no")));
    await expect(failing(1, {})).rejects.toThrow("no");
    expect(pool.stats).toMatchObject({ busy: 0, idle: 1 });
  });

  it("wrong options are refused with option and value", () => {
    const create = (): number => 1;
    expect(() => new Pool({ create, max: 0 })).toThrow(/max .* 0/);
    expect(() => new Pool({ create, max: 2, min: 3 })).toThrow(/min .* 3/);
    expect(() => new Pool({ create, idleTimeoutMs: NaN })).toThrow(/idleTimeoutMs/);
    // @ts-expect-error create is missing
    expect(() => new Pool({})).toThrow(/create must be a function/);
  });

  it("a wrong timeout rejects and does not throw", async () => {
    await expect(instant().pool.acquire({ timeoutMs: NaN })).rejects.toThrow(RangeError);
  });
});

describe("waiting", () => {
  it("a returned resource is handed to the oldest waiter in the same turn", async () => {
    const { pool } = instant({ max: 1 });
    const lease = await pool.acquire();
    const order: string[] = [];
    const a = pool.acquire().then((l) => (order.push("a"), l));
    const b = pool.acquire().then((l) => (order.push("b"), l));
    lease.release();
    expect(pool.stats).toMatchObject({ waiting: 1, idle: 0, busy: 1 });
    (await a).release();
    await b;
    expect(order).toEqual(["a", "b"]);
  });

  it("a returned resource beats a slow create, whose resource becomes idle", async () => {
    const bench = new Bench({ max: 2 });
    const first = bench.pool.acquire();
    await bench.supply();
    const waiting = fateOf(bench.pool.acquire());
    (await first).release();
    await settled();
    expect(waiting.value?.resource).toBe(1);
    await bench.supply();
    expect(bench.pool.stats).toMatchObject({ idle: 1, busy: 1, creating: 0 });
  });

  it("a create that was started for one waiter serves the oldest one", async () => {
    const bench = new Bench({ max: 2 });
    const [a, b] = [fateOf(bench.pool.acquire()), fateOf(bench.pool.acquire())];
    const second = bench.creates.pop();
    second?.settle(7);
    await settled();
    expect(a.value?.resource).toBe(7);
    expect(b.state).toBe("pending");
  });

  it("no create is started while as many are in flight as there are waiters", async () => {
    const bench = new Bench({ max: 10 });
    const abort = new AbortController();
    const gone = fateOf(bench.pool.acquire({ signal: abort.signal }));
    abort.abort("bye");
    await settled();
    expect(gone.error).toBe("bye");
    const later = fateOf(bench.pool.acquire());
    expect(bench.creates).toHaveLength(1);
    await bench.supply();
    expect(later.value?.resource).toBe(1);
  });

  it("a late create whose waiter is gone becomes idle", async () => {
    const bench = new Bench();
    const lost = fateOf(bench.pool.acquire({ timeoutMs: 10 }));
    await bench.clock.advanceAsync(10);
    expect(lost.error).toMatchObject({ code: "ERR_POOL_TIMEOUT", reason: "timeout" });
    await bench.supply();
    expect(bench.pool.stats).toMatchObject({ idle: 1, busy: 0, timeouts: 1 });
  });

  it("a waiter that timed out or aborted never receives a resource", async () => {
    const bench = instant({ max: 1 });
    const lease = await bench.pool.acquire();
    const abort = new AbortController();
    const fates = [
      fateOf(bench.pool.acquire({ timeoutMs: 10 })),
      fateOf(bench.pool.acquire({ signal: abort.signal })),
      fateOf(bench.pool.acquire()),
    ];
    bench.clock.jump(10); // a blocked event loop: the timer has not fired yet
    abort.abort();
    lease.release();
    await settled();
    expect(fates.map(({ state }) => state)).toEqual(["failed", "failed", "ok"]);
    expect(bench.pool.stats).toMatchObject({ busy: 1, waiting: 0 });
  });

  it("an abort after the hand-over leaves the lease with the caller", async () => {
    const { pool } = instant({ max: 1 });
    const lease = await pool.acquire();
    const abort = new AbortController();
    const waiting = pool.acquire({ signal: abort.signal });
    lease.release();
    abort.abort();
    expect((await waiting).resource).toBe(1);
  });

  it("one absolute deadline covers waiting, creating and validating", async () => {
    const bench = new Bench({ max: 1, validate: () => new Promise<boolean>(() => undefined), acquireTimeoutMs: 100 });
    const first = bench.pool.acquire();
    await bench.clock.advanceAsync(90);
    await bench.supply();
    const fate = fateOf(bench.pool.acquire());
    await bench.clock.advanceAsync(90);
    (await first).release();
    await bench.clock.advanceAsync(9);
    expect(fate.state).toBe("pending");
    await bench.clock.advanceAsync(1);
    expect(fate.error).toMatchObject({ reason: "timeout" });
  });

  it("the nearer of timeout and deadline counts, and a passed deadline gets no idle resource either", async () => {
    const bench = new Bench();
    const fate = fateOf(bench.pool.acquire({ deadlineAt: 1_005, timeoutMs: 50 }));
    await bench.clock.advanceAsync(5);
    expect(fate.error).toBeInstanceOf(PoolTimeoutError);
    expect(fate.error).toMatchObject({ reason: "deadline" });
    await bench.supply();
    await expect(bench.pool.acquire({ deadlineAt: 1_005 })).rejects.toMatchObject({ reason: "deadline" });
    expect((await bench.pool.acquire({ timeoutMs: 0 })).resource).toBe(1);
  });

  it("maxWaiting refuses at once, but never while a resource is idle or may be created", async () => {
    const bench = new Bench({ max: 2, maxWaiting: 0 });
    const [a, b] = [bench.pool.acquire(), bench.pool.acquire()];
    await expect(bench.pool.acquire()).rejects.toBeInstanceOf(PoolFullError);
    await bench.supply();
    await bench.supply();
    await expect(bench.pool.acquire()).rejects.toMatchObject({ code: "ERR_POOL_FULL" });
    (await a).release();
    expect((await bench.pool.acquire()).resource).toBe(1);
    (await b).release();
  });

  it("the wait's timer keeps the process alive, the idle timer does not", async () => {
    const bench = instant({ max: 1 });
    const lease = await bench.pool.acquire();
    const waiting = bench.pool.acquire();
    expect(bench.clock.pendingRefTimers).toBe(1);
    lease.release();
    (await waiting).release();
    expect(bench.clock.pendingRefTimers).toBe(0);
    expect(bench.clock.pendingTimers).toBe(1);
  });
});

describe("creating", () => {
  it("a create error reaches the caller as it is", async () => {
    const error = new Error("refused");
    for (const create of [
      () => Promise.reject(error),
      () => {
        throw error;
      },
    ]) {
      const { pool } = instant({ create });
      await expect(pool.acquire()).rejects.toBe(error);
      expect(pool.stats).toMatchObject({ size: 0, waiting: 0, createFailures: 1 });
    }
  });

  it("a create that throws at once leaves no ghost: the next resource goes to the next caller", async () => {
    let isUp = false;
    const bench = instant({
      max: 1,
      create: () => {
        if (!isUp) throw new Error("down");
        return 5;
      },
    });
    await expect(bench.pool.acquire()).rejects.toThrow("down");
    isUp = true;
    await bench.clock.advanceAsync(50);
    expect((await bench.pool.acquire()).resource).toBe(5);
  });

  it("while something is left that can serve, a failed create costs nobody anything", async () => {
    const bench = new Bench({ max: 2 });
    const held = bench.pool.acquire();
    await bench.supply();
    const [a, b] = [fateOf(bench.pool.acquire()), fateOf(bench.pool.acquire())];
    await bench.fail("no");
    expect([a.state, b.state, bench.pool.stats.isDown]).toEqual(["pending", "pending", false]);
    (await held).release();
    await settled();
    expect(a.value?.resource).toBe(1);
    await bench.clock.advanceAsync(50);
    await bench.supply();
    expect(b.value?.resource).toBe(2);
  });


  it("creates that fail at once are spaced, 50 ms doubling to 5 s, and never loop", async () => {
    const times: number[] = [];
    const bench = new Bench({
      create: () => {
        times.push(bench.clock.now() - 1_000);
        throw new Error("down");
      },
    });
    await expect(bench.pool.acquire()).rejects.toThrow("down");
    for (let ms = 0; ms < 30_000; ms += 10) {
      await bench.clock.advanceAsync(10);
      await bench.pool.acquire().catch(() => undefined);
    }
    expect(times).toEqual([0, 50, 150, 350, 750, 1550, 3150, 6350, 11350, 16350, 21350, 26350]);
    await bench.pool.close();
  });

  it("creates that fail together count once, and the next one is a single probe", async () => {
    const bench = new Bench({ max: 3 });
    const fates = [1, 2, 3].map(() => fateOf(bench.pool.acquire()));
    for (let i = 0; i < 3; i++) await bench.fail("no");
    expect(fates.map(({ state }) => state)).toEqual(["failed", "failed", "failed"]);
    await bench.clock.advanceAsync(50);
    const later = [1, 2, 3].map(() => fateOf(bench.pool.acquire()));
    expect(bench.creates).toHaveLength(1);
    await bench.supply();
    expect(later.map(({ state }) => state)).toEqual(["ok", "failed", "failed"]);
  });

  it("a waiter that times out while creating fails learns the last create error", async () => {
    const bench = new Bench({ max: 2 });
    const held = bench.pool.acquire();
    await bench.supply();
    await held;
    const second = fateOf(bench.pool.acquire({ timeoutMs: 20 }));
    await bench.fail("the reason");
    await bench.clock.advanceAsync(20);
    expect(second.error).toMatchObject({ code: "ERR_POOL_TIMEOUT", cause: "the reason" });
    expect(bench.clock.pendingRefTimers).toBe(0);
  });

  it("a create that timed out holds its place until it settles, and what it brings is kept", async () => {
    const bench = new Bench({ max: 1, createTimeoutMs: 100, acquireTimeoutMs: 1_000 });
    const first = fateOf(bench.pool.acquire());
    const signal = bench.creates[0]?.signal;
    await bench.clock.advanceAsync(100);
    expect(first.error).toMatchObject({ code: "ERR_POOL_FACTORY_TIMEOUT", step: "create" });
    expect(signal?.aborted).toBe(true);
    expect(signal?.reason).toBe(first.error);
    await bench.clock.advanceAsync(500);
    await expect(bench.pool.acquire()).rejects.toMatchObject({ code: "ERR_POOL_UNAVAILABLE", cause: first.error });
    expect(bench.creates).toHaveLength(1);
    expect(bench.pool.stats).toMatchObject({ size: 1, creating: 1 });
    await bench.supply();
    expect(bench.pool.tryAcquire()?.resource).toBe(1);
  });

  it("the signal is not made unless the factory reads it", async () => {
    const made = vi.spyOn(globalThis, "AbortController");
    await instant({ createTimeoutMs: 10 }).pool.acquire();
    expect(made).not.toHaveBeenCalled();
    made.mockRestore();
  });

  it("start resolves when min are there, borrowed or not, and rejects with the create error", async () => {
    const bench = new Bench({ min: 2, max: 3 });
    const started = fateOf(bench.pool.start());
    await bench.supply();
    const lease = await bench.pool.acquire();
    expect(started.state).toBe("pending");
    await bench.supply();
    expect(started.state).toBe("ok");
    await bench.pool.start();
    lease.release();

    const failing = new Bench({ min: 1 });
    const failed = fateOf(failing.pool.start());
    await failing.fail("down");
    expect(failed.error).toBe("down");
    expect(failing.clock.pendingRefTimers).toBe(0);
    await failing.clock.advanceAsync(50);
    await failing.supply();
    await failing.pool.start();
    expect(failing.pool.stats.idle).toBe(1);
  });

  it("once started, a destroyed resource is replaced up to min, with backoff", async () => {
    const bench = new Bench({ min: 1 });
    const started = bench.pool.start();
    await bench.supply();
    await started;
    bench.pool.tryAcquire()?.destroy();
    expect(bench.creates).toHaveLength(1);
    await bench.fail("down");
    await bench.clock.advanceAsync(49);
    expect(bench.creates).toHaveLength(0);
    await bench.clock.advanceAsync(1);
    expect(bench.creates).toHaveLength(1);
  });
});

describe("validating", () => {
  it("falsy, thrown, rejected or late: destroyed, and the next one is tried", async () => {
    const answers: (() => boolean | Promise<boolean>)[] = [
      () => false,
      () => undefined as unknown as boolean, // what untyped callers answer
      () => {
        throw new Error("dead");
      },
      () => Promise.reject(new Error("dead")),
      () => new Promise(() => undefined),
      () => Promise.resolve(true),
    ];
    const validate = (resource: number): boolean | Promise<boolean> => (answers[resource - 1] ?? (() => true))();
    const bench = instant({ validate, validateTimeoutMs: 50 });
    const leases: Lease<number>[] = [];
    for (let i = 0; i < 6; i++) leases.push(await bench.pool.acquire());
    for (const lease of leases.reverse()) lease.release();
    const fate = fateOf(bench.pool.acquire());
    await bench.clock.advanceAsync(50);
    expect(fate.value?.resource).toBe(6);
    expect(bench.destroyed).toEqual([1, 2, 3, 4, 5]);
    expect(bench.pool.stats).toMatchObject({ validateFailures: 5, busy: 1, size: 1 });
  });

  it("a check goes on for the next one when its waiter leaves", async () => {
    let approve: (isGood: boolean) => void = () => undefined;
    const bench = instant({ max: 1, validate: () => new Promise((resolve) => (approve = resolve)) });
    (await bench.pool.acquire()).release();
    const abort = new AbortController();
    const gone = fateOf(bench.pool.acquire({ signal: abort.signal }));
    const next = fateOf(bench.pool.acquire());
    abort.abort("bye");
    await settled();
    expect(gone.error).toBe("bye");
    approve(true);
    await settled();
    expect(next.value?.resource).toBe(1);
  });

  it("a returned resource is checked before a waiter gets it, and the waiter keeps its place", async () => {
    const bench = instant({ max: 1, validate: (resource) => resource > 1 });
    const lease = await bench.pool.acquire();
    const [a, b] = [fateOf(bench.pool.acquire()), fateOf(bench.pool.acquire())];
    lease.release();
    await settled();
    expect(a.value?.resource).toBe(2);
    a.value?.release();
    await settled();
    expect(b.value?.resource).toBe(2);
  });

  it("tryAcquire respects a validate that answers at once", async () => {
    const bench = instant({ validate: (resource) => resource === 1 });
    const [a, b] = [await bench.pool.acquire(), await bench.pool.acquire()];
    a.release();
    b.release();
    expect(bench.pool.tryAcquire()?.resource).toBe(1);
    expect(bench.destroyed).toEqual([2]);
  });

  it("ten thousand bad resources are a loop and not a recursion", async () => {
    let isGood = true;
    const bench = instant({ max: 10_000, validate: () => isGood });
    const leases = await Promise.all(Array.from({ length: 10_000 }, () => bench.pool.acquire()));
    for (const lease of leases) lease.release();
    isGood = false;
    expect((await bench.pool.acquire()).resource).toBe(10_001);
    expect(bench.destroyed).toHaveLength(10_000);
  });
});

describe("destroying", () => {
  it("a resource being destroyed counts against max", async () => {
    let end: () => void = () => undefined;
    const bench = instant({ max: 1, destroy: () => new Promise((resolve) => (end = resolve)) });
    (await bench.pool.acquire()).destroy();
    const fate = fateOf(bench.pool.acquire());
    await settled();
    expect(fate.state).toBe("pending");
    expect(bench.pool.stats).toMatchObject({ destroying: 1, size: 1 });
    end();
    await settled();
    expect(fate.value?.resource).toBe(2);
  });

  it("a destroy that throws, rejects or hangs is reported and its place freed", async () => {
    const ways: (() => void | Promise<void>)[] = [
      () => {
        throw new Error("1");
      },
      () => Promise.reject(new Error("2")),
      () => new Promise<void>(() => undefined),
    ];
    const bench = instant({ max: 3, destroy: (resource) => ways[resource - 1]?.(), destroyTimeoutMs: 50 });
    const reports: unknown[] = [];
    bench.pool.on("destroyFailed", ({ resource, reason }) => reports.push([resource, reason]));
    const leases = [await bench.pool.acquire(), await bench.pool.acquire(), await bench.pool.acquire()];
    for (const lease of leases) lease.destroy();
    await bench.clock.advanceAsync(50);
    expect(reports).toEqual([1, 2, 3].map((resource) => [resource, "broken"]));
    expect(bench.pool.stats).toMatchObject({ size: 0, destroyed: 3, destroyFailures: 3 });
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it("a failed destroy that nobody listens for becomes a warning", async () => {
    const warning = vi.spyOn(process, "emitWarning").mockReturnValue();
    const bench = instant({ destroy: () => Promise.reject(new Error("stuck")) });
    (await bench.pool.acquire()).destroy();
    await settled();
    expect(warning).toHaveBeenCalledOnce();
    warning.mockRestore();
    expect(warn).toBeTypeOf("function");
  });
});

describe("idle eviction", () => {
  it("evicts what lies unused for the timeout, the oldest first, down to min", async () => {
    const bench = instant({ min: 1, idleTimeoutMs: 1_000 });
    const leases = [await bench.pool.acquire(), await bench.pool.acquire(), await bench.pool.acquire()];
    for (const lease of leases) lease.release();
    await bench.clock.advanceAsync(999);
    expect(bench.destroyed).toEqual([]);
    await bench.clock.advanceAsync(101);
    expect(bench.destroyed).toEqual([1, 2]);
    expect(bench.clock.pendingTimers).toBe(0);
    await bench.clock.advanceAsync(60_000);
    expect(bench.pool.stats).toMatchObject({ idle: 1, created: 3, destroyed: 2 });
  });

  it("a resource left alone goes after the timeout sharp", async () => {
    const bench = instant({ idleTimeoutMs: 1_000 });
    (await bench.pool.acquire()).release();
    await bench.clock.advanceAsync(999.9);
    expect(bench.destroyed).toEqual([]);
    await bench.clock.advanceAsync(0.2);
    expect(bench.destroyed).toEqual([1]);
  });

  it("one that is used again stays, and no later than a tenth over the timeout after its last use it goes", async () => {
    const bench = instant({ idleTimeoutMs: 1_000 });
    for (let at = 0; at < 3_000; at += 370) {
      (await bench.pool.acquire()).release();
      await bench.clock.advanceAsync(370);
    }
    expect(bench.destroyed).toEqual([]);
    await bench.clock.advanceAsync(1_000 - 370 - 1);
    expect(bench.destroyed).toEqual([]);
    await bench.clock.advanceAsync(102);
    expect(bench.destroyed).toEqual([1]);
  });

  it("pure idleness creates nothing, and Infinity never evicts and sets no timer", async () => {
    const bench = instant({ idleTimeoutMs: Infinity });
    (await bench.pool.acquire()).release();
    expect(bench.clock.pendingTimers).toBe(0);
    const full = instant({ min: 5, idleTimeoutMs: 30 });
    await full.pool.start();
    await full.clock.advanceAsync(500);
    expect(full.pool.stats.created).toBe(5);
    expect(full.clock.pendingTimers).toBe(0);
  });
});

describe("closing", () => {
  it("refuses waiters and newcomers at once", async () => {
    const bench = instant({ max: 1, name: "orders" });
    const lease = await bench.pool.acquire();
    const waiting = fateOf(bench.pool.acquire());
    const closing = fateOf(bench.pool.close());
    await settled();
    expect(waiting.error).toBeInstanceOf(PoolClosedError);
    expect(isRejected(waiting.error)).toBe(true);
    await expect(bench.pool.acquire()).rejects.toMatchObject({ code: "ERR_POOL_CLOSED", source: "orders" });
    await expect(bench.pool.start()).rejects.toMatchObject({ code: "ERR_POOL_CLOSED" });
    expect(bench.pool.tryAcquire()).toBeUndefined();
    expect(closing.state).toBe("pending");
    lease.release();
    await settled();
    expect(closing.state).toBe("ok");
    expect(bench.destroyed).toEqual([1]);
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it("takes borrowed resources away when the grace is over; a later release is harmless", async () => {
    const bench = instant();
    const reasons: string[] = [];
    const closed: number[] = [];
    bench.pool.on("destroyed", ({ reason }) => reasons.push(reason));
    bench.pool.on("closed", ({ revoked }) => closed.push(revoked));
    const [a, b] = [await bench.pool.acquire(), await bench.pool.acquire()];
    b.release();
    const closing = fateOf(bench.pool.close({ graceMs: 100 }));
    await bench.clock.advanceAsync(100);
    expect(closing.state).toBe("ok");
    expect([reasons, closed]).toEqual([["closed", "revoked"], [1]]);
    a.release();
    a.destroy();
    expect(bench.destroyed).toEqual([2, 1]);
  });

  it("resolves only after the last destroy has settled", async () => {
    let end: () => void = () => undefined;
    const bench = instant({ destroy: () => new Promise((resolve) => (end = resolve)) });
    (await bench.pool.acquire()).release();
    const closing = fateOf(bench.pool.close());
    await settled();
    expect(closing.state).toBe("pending");
    end();
    await settled();
    expect(closing.state).toBe("ok");
  });

  it("a second close joins the first and may hasten it, never delay it", async () => {
    const bench = instant();
    await bench.pool.acquire();
    const first = fateOf(bench.pool.close({ graceMs: 1_000 }));
    const second = fateOf(bench.pool.close({ graceMs: 5_000 }));
    const third = fateOf(bench.pool.close({ graceMs: 10 }));
    await bench.clock.advanceAsync(10);
    expect([first.state, second.state, third.state]).toEqual(["ok", "ok", "ok"]);
    await bench.pool.close();
  });

  it("aborts creates in flight and destroys what they still bring", async () => {
    const bench = new Bench();
    const fate = fateOf(bench.pool.acquire());
    const signal = bench.creates[0]?.signal;
    const closing = fateOf(bench.pool.close());
    expect(signal?.aborted).toBe(true);
    await settled();
    expect([fate.state, closing.state]).toEqual(["failed", "pending"]);
    await bench.supply();
    expect(closing.state).toBe("ok");
    expect(bench.destroyed).toEqual([1]);
  });

  it("does not wait for ever for a create that hangs, and destroys what it brings after all", async () => {
    const bench = new Bench({ destroyTimeoutMs: 50 });
    const fate = fateOf(bench.pool.acquire());
    const closing = fateOf(bench.pool.close());
    await bench.clock.advanceAsync(50);
    expect([fate.state, closing.state]).toEqual(["failed", "ok"]);
    await bench.supply();
    expect(bench.destroyed).toEqual([1]);
    expect(bench.pool.stats).toMatchObject({ size: 0, created: 1, destroyed: 1 });
  });

  it("a resource being validated is destroyed", async () => {
    const bench = instant({ validate: () => new Promise(() => undefined) });
    (await bench.pool.acquire()).release();
    const fate = fateOf(bench.pool.acquire());
    await bench.pool.close();
    expect(fate.state).toBe("failed");
    expect(bench.destroyed).toEqual([1]);
  });

  it("stops the backoff and works as a disposable", async () => {
    const bench = new Bench({ min: 1 });
    {
      await using pool = bench.pool;
      void pool.start().catch(() => undefined);
      await bench.fail("down");
      expect(bench.clock.pendingTimers).toBe(1);
    }
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it("may be called from every function of the user's", async () => {
    for (const stage of ["create", "validate", "destroy"] as const) {
      let isArmed = false;
      let closing: Promise<unknown> | undefined;
      const strike = (at: string): void => {
        if (isArmed && at === stage) closing ??= bench.pool.close();
      };
      const bench: Bench = instant({
        create: () => (strike("create"), 1),
        validate: () => (strike("validate"), true),
        destroy: () => strike("destroy"),
      });
      const lease = await bench.pool.acquire();
      isArmed = true;
      if (stage === "destroy") lease.destroy();
      else if (stage === "validate") lease.release();
      const fate = fateOf(bench.pool.acquire());
      await settled();
      if (stage === "create") lease.release();
      if (fate.value) fate.value.release();
      await closing;
      expect(closing).toBeDefined();
      expect(bench.pool.stats.size).toBe(0);
    }
  });
});

describe("reporting", () => {
  it("a throwing listener changes nothing", async () => {
    const warning = vi.spyOn(process, "emitWarning").mockReturnValue();
    const bench = instant();
    bench.pool.on("created", () => {
      throw new Error("listener");
    });
    expect((await bench.pool.acquire()).resource).toBe(1);
    expect(warning).toHaveBeenCalledOnce();
    warning.mockRestore();
  });

  it("measures waits, creates and uses in seconds, and stops its gauges when closed", async () => {
    const records: Record<string, number[]> = {};
    const gauges = new Map<string, () => number>();
    const record = (name: string) => (value: number) => void (records[name] ??= []).push(value);
    const meter: Meter = {
      counter: (name) => ({ add: record(name) }),
      histogram: (name) => ({ record: record(name) }),
      gauge: (name, read, options) => {
        const key = `${name} ${String(options?.attributes?.["db.client.connection.state"] ?? "")}`.trim();
        gauges.set(key, read);
        return () => gauges.delete(key);
      },
    };
    const bench = new Bench({ max: 1, meter, name: "m" });
    const first = bench.pool.acquire();
    await bench.clock.advanceAsync(200);
    await bench.supply();
    const lease = await first;
    const second = fateOf(bench.pool.acquire({ timeoutMs: 100 }));
    const third = bench.pool.acquire();
    expect(gauges.get("db.client.connection.count used")?.()).toBe(1);
    expect(gauges.get("db.client.connection.count idle")?.()).toBe(0);
    expect(gauges.get("db.client.connection.pending_requests")?.()).toBe(2);
    expect(["max", "idle.max", "idle.min"].map((noun) => gauges.get(`db.client.connection.${noun}`)?.())).toEqual([1, 1, 0]);
    await bench.clock.advanceAsync(500);
    lease.release();
    (await third).release();
    expect(second.state).toBe("failed");
    expect(records).toEqual({
      "db.client.connection.create_time": [0.2],
      "db.client.connection.wait_time": [0.2, 0.5],
      "db.client.connection.use_time": [0.5, 0],
      "db.client.connection.timeouts": [1],
    });
    await bench.pool.close();
    expect(gauges.size).toBe(0);
  });

  it("without a meter a borrow and return reads no clock", async () => {
    const bench = instant();
    (await bench.pool.acquire()).release();
    const now = vi.spyOn(bench.clock, "now");
    for (let i = 0; i < 10; i++) (await bench.pool.acquire()).release();
    expect(now).not.toHaveBeenCalled();
  });
});
