import { ManualClock, settled } from "@breakwater/core/testing";
import { describe, expect, it } from "vitest";
import { Pool } from "@breakwater/pool";
import { Bench, fateOf, instant, type Fate } from "./harness.ts";

describe("a lifetime", () => {
  it("ends in the background for what lies idle, each at its own time, drawn once", async () => {
    const draws = [0, 1, 0.5];
    const bench = instant({ maxLifetimeMs: 1_000, lifetimeJitter: 0.1, idleTimeoutMs: Infinity, random: () => draws.shift() ?? 0 });
    const leases = await Promise.all([1, 2, 3].map(() => bench.pool.acquire()));
    for (const lease of leases) lease.release();
    const destroyedAt: [number, number][] = [];
    bench.pool.on("destroyed", ({ resource, reason }) => {
      expect(reason).toBe("expired");
      destroyedAt.push([resource, bench.clock.now() - 1_000]);
    });
    await bench.clock.advanceAsync(2_000);
    expect(destroyedAt).toEqual([[2, 900], [3, 950], [1, 1_000]]);
    expect(bench.clock.pendingTimers).toBe(0);
    expect(draws).toEqual([]);
  });

  it("is looked at when a resource comes back, even if it never lies idle", async () => {
    const bench = instant({ max: 1, maxLifetimeMs: 100 });
    const lease = await bench.pool.acquire();
    const waiting = bench.pool.acquire();
    await bench.clock.advanceAsync(100);
    lease.release();
    expect((await waiting).resource).toBe(2);
    expect(bench.pool.stats.destroyedBecause).toEqual({ expired: 1 });
  });

  it("is looked at when a resource is borrowed, though no timer ran in a frozen process", async () => {
    const bench = instant({ maxLifetimeMs: 100 });
    (await bench.pool.acquire()).release();
    bench.clock.jump(100);
    expect(bench.pool.tryAcquire()).toBeUndefined();
    expect((await bench.pool.acquire()).resource).toBe(2);
  });

  it("may go below min, which is filled again", async () => {
    const bench = instant({ min: 1, maxLifetimeMs: 100, idleTimeoutMs: 50 });
    await bench.pool.start();
    await bench.clock.advanceAsync(99);
    expect(bench.destroyed).toEqual([]);
    await bench.clock.advanceAsync(1);
    expect([bench.destroyed, bench.made, bench.pool.stats.idle]).toEqual([[1], 2, 1]);
  });
});

describe("uses and order", () => {
  it("a resource goes after maxUses loans, and a waiter gets a new one", async () => {
    const bench = instant({ max: 1, maxUses: 2 });
    (await bench.pool.acquire()).release();
    const second = await bench.pool.acquire();
    const waiting = bench.pool.acquire();
    second.release();
    expect((await waiting).resource).toBe(2);
    expect(bench.pool.stats.destroyedBecause).toEqual({ worn: 1 });
  });

  it("lifo takes the one used last, fifo the one that has lain longest", async () => {
    for (const [order, expected] of [["lifo", [3, 3, 3]], ["fifo", [1, 2, 3]]] as const) {
      const { pool } = instant({ order });
      const leases = await Promise.all([1, 2, 3].map(() => pool.acquire()));
      for (const lease of leases) lease.release();
      const taken: number[] = [];
      for (let i = 0; i < 3; i += 1) {
        const lease = await pool.acquire();
        taken.push(lease.resource);
        lease.release();
      }
      expect(taken).toEqual(expected);
    }
  });
});

describe("a size", () => {
  it("maxIdle is all that is kept when many come back", async () => {
    const bench = instant({ maxIdle: 1 });
    const leases = await Promise.all([1, 2, 3].map(() => bench.pool.acquire()));
    for (const lease of leases) lease.release();
    expect(bench.pool.stats).toMatchObject({ idle: 1, size: 1, destroyedBecause: { surplus: 2 } });
  });

  it("resized down while busy is paid as resources come back, and up again at once", async () => {
    const bench = instant({ max: 3 });
    const leases = await Promise.all([1, 2, 3].map(() => bench.pool.acquire()));
    bench.pool.resize({ max: 1 });
    const waiting = fateOf(bench.pool.acquire());
    await settled();
    leases[0]?.release();
    leases[1]?.release();
    await settled();
    expect([waiting.state, bench.pool.stats.size]).toEqual(["pending", 1]);
    leases[2]?.release();
    await settled();
    expect(waiting.value?.resource).toBe(3);
    const more = fateOf(bench.pool.acquire());
    bench.pool.resize({ max: 2 });
    await settled();
    expect(more.value?.resource).toBe(4);
  });

  it("resized down gives up what lies idle, the longest unused first; min and maxIdle follow too", async () => {
    const bench = instant({ max: 4 });
    for (const lease of await Promise.all([1, 2, 3, 4].map(() => bench.pool.acquire()))) lease.release();
    bench.pool.resize({ max: 3 });
    expect(bench.destroyed).toEqual([1]);
    bench.pool.resize({ maxIdle: 1 });
    expect(bench.destroyed).toEqual([1, 2, 3]);
    void bench.pool.start();
    bench.pool.resize({ min: 2, maxIdle: 2 });
    await settled();
    expect(bench.pool.stats.idle).toBe(2);
    expect(() => bench.pool.resize({ min: 9 })).toThrow(RangeError);
    expect(bench.pool.stats.idle).toBe(2);
  });

  it("at most maxConnecting creates are in flight, and those that nobody needs any more are not begun", async () => {
    const bench = new Bench({ max: 10, maxConnecting: 2 });
    const fates = Array.from({ length: 5 }, () => fateOf(bench.pool.acquire()));
    expect(bench.creates).toHaveLength(2);
    await bench.supply();
    expect([bench.creates.length, fates.filter(({ state }) => state === "ok").length]).toEqual([2, 1]);
    for (let served = 1; served < 4; served += 1) {
      fates[0]?.value?.release();
      await settled();
      fates[0] = fates[served] as Fate<never>; // the one that got it
    }
    expect(fates.filter(({ state }) => state === "ok")).toHaveLength(4);
    await bench.supply();
    await bench.supply();
    expect([bench.creates.length, bench.made]).toEqual([0, 3]);
  });

  it("a spike of 50 on 5 makes two more, not one for each (HikariCP's test)", async () => {
    const { Simulation } = await import("@breakwater/sim");
    const sim = new Simulation();
    let made = 0;
    const pool = new Pool({ create: () => sim.sleep(150).then(() => (made += 1)), min: 5, max: 50, clock: sim.clock });
    void pool.start();
    await sim.run(1_000);
    expect(made).toBe(5);
    let done = 0;
    for (let i = 0; i < 50; i += 1) void pool.use(() => sim.sleep(2)).then(() => (done += 1));
    await sim.run(1_100);
    expect(done).toBe(50);
    await sim.run(2_000);
    expect(made).toBe(7);
  });
});

describe("clear", () => {
  it("lends nothing again that was there: idle, out, on its way, in a check or being reset", async () => {
    const ends: (() => void)[] = [];
    const later = (): Promise<true> => new Promise((resolve) => ends.push(() => resolve(true)));
    const bench = new Bench({ max: 4, validate: later, reset: () => later().then(() => undefined) });
    const [first, second] = [bench.pool.acquire(), bench.pool.acquire()];
    await bench.supply();
    await bench.supply();
    (await first).release(); // 1 is being reset
    const third = fateOf(bench.pool.acquire()); // waits for it
    bench.pool.clear();
    (await second).release(); // 2 was out
    for (const end of ends.splice(0)) end();
    await settled();
    expect(bench.destroyed.sort()).toEqual([1, 2]);
    await bench.supply();
    expect(third.value?.resource).toBe(3);
    const fourth = fateOf(bench.pool.acquire());
    bench.pool.clear(); // 4 is on its way
    await bench.supply();
    expect([bench.destroyed.sort(), fourth.state]).toEqual([[1, 2, 4], "pending"]);
    await bench.supply();
    expect(fourth.value?.resource).toBe(5);
    expect(bench.pool.stats.destroyedBecause).toEqual({ cleared: 3 });
  });
});

describe("reset", () => {
  it("is done before anybody else gets the resource, waiter or newcomer, and a sync one in the same turn", async () => {
    const done: number[] = [];
    const bench = instant({ max: 1, reset: (id) => void done.push(id) });
    const lease = await bench.pool.acquire();
    const waiting = fateOf(bench.pool.acquire());
    lease.release();
    expect(done).toEqual([1]);
    await settled();
    expect(waiting.value?.resource).toBe(1);
  });

  it("that throws, rejects or is late gives the resource up, and the waiter gets another", async () => {
    const resets = [() => { throw new Error("sync"); }, () => Promise.reject(new Error("async")), () => new Promise<void>(() => undefined)];
    for (const reset of resets) {
      const bench = instant({ max: 1, reset, resetTimeoutMs: 20 });
      const failures: unknown[] = [];
      bench.pool.on("resetFailed", ({ error }) => failures.push((error as Error).message));
      const lease = await bench.pool.acquire();
      const waiting = fateOf(bench.pool.acquire());
      lease.release();
      await bench.clock.advanceAsync(20);
      expect(waiting.value?.resource).toBe(2);
      expect(failures).toHaveLength(1);
      expect(bench.pool.stats).toMatchObject({ resetFailures: 1, resetting: 0, destroyedBecause: { unresettable: 1 } });
    }
  });
});

describe("validate", () => {
  it("does not ask again about what was good within validateAfterMs", async () => {
    let asked = 0;
    const bench = instant({ validate: () => (asked += 1) > 0, validateAfterMs: 100 });
    (await bench.pool.acquire()).release();
    (await bench.pool.acquire()).release();
    await bench.clock.advanceAsync(99);
    (await bench.pool.acquire()).release();
    expect(asked).toBe(0);
    await bench.clock.advanceAsync(100);
    (await bench.pool.acquire()).release();
    expect(asked).toBe(1);
  });
});

describe("keepalive", () => {
  it("tests what lies idle for so long, few at a time, and keeps age and order", async () => {
    const tests: { readonly id: number; readonly end: (isGood: boolean) => void }[] = [];
    let isQuick = false;
    const bench = instant({
      validate: (id) => isQuick || new Promise<boolean>((end) => tests.push({ id, end })),
      validateAfterMs: 1e9,
      keepaliveMs: 1_000,
      maxConnecting: 2,
      idleTimeoutMs: 2_500,
    });
    for (const lease of await Promise.all([1, 2, 3].map(() => bench.pool.acquire()))) lease.release();
    await bench.clock.advanceAsync(1_000);
    expect(tests.map(({ id }) => id)).toEqual([1, 2]);
    expect(bench.clock.pendingRefTimers).toBe(0); // not even a test that hangs holds the process
    tests.shift()?.end(true);
    await bench.clock.advanceAsync(1);
    expect(tests.map(({ id }) => id)).toEqual([2, 3]);
    for (const { end } of tests.splice(0)) end(true);
    await settled();
    expect(bench.pool.stats).toMatchObject({ idle: 3, validating: 0, reused: 0 });
    // The tests were no use: all three are as old as they were.
    isQuick = true;
    await bench.clock.advanceAsync(2_500);
    expect(bench.destroyed.sort()).toEqual([1, 2, 3]);
  });

  it("destroys what fails, and keeps no waiter waiting meanwhile", async () => {
    let end: (isGood: boolean) => void = () => undefined;
    const bench = instant({ validate: () => new Promise<boolean>((resolve) => (end = resolve)), keepaliveMs: 100, validateAfterMs: 1e9 });
    (await bench.pool.acquire()).release();
    await bench.clock.advanceAsync(100);
    expect(bench.pool.stats.validating).toBe(1);
    const asked = fateOf(bench.pool.acquire());
    await settled();
    expect(asked.value?.resource).toBe(2);
    end(false);
    await settled();
    expect(bench.pool.stats).toMatchObject({ validating: 0, idle: 0, destroyedBecause: { invalid: 1 } });
  });

  it("needs something to test with", () => {
    expect(() => new Pool({ create: () => 1, keepaliveMs: 5, clock: new ManualClock() })).toThrow(TypeError);
  });
});

describe("a resource that says it is broken", () => {
  it("goes at once when idle, when it comes back otherwise; twice, or late, is harmless", async () => {
    const broken: ((error?: unknown) => void)[] = [];
    const bench = instant({ create: (context) => (broken.push(context.broken), ++bench.made) });
    const events: unknown[] = [];
    bench.pool.on("destroyed", ({ resource, reason, error }) => events.push([resource, reason, error]));
    (await bench.pool.acquire()).release();
    broken[0]?.("socket closed");
    broken[0]?.("again");
    expect(events).toEqual([[1, "broken", "socket closed"]]);
    const lease = await bench.pool.acquire();
    broken[1]?.("reset by peer");
    expect(bench.pool.stats.busy).toBe(1);
    lease.release();
    expect(events).toEqual([[1, "broken", "socket closed"], [2, "broken", "reset by peer"]]);
    expect(bench.pool.stats.size).toBe(0);
  });

  it("before it was even made is not lent", async () => {
    const bench = new Bench({ max: 1 });
    const asked = fateOf(bench.pool.acquire());
    bench.creates[0]?.broken("too early");
    await bench.supply();
    expect([asked.state, bench.destroyed]).toEqual(["pending", [1]]);
    await bench.supply();
    expect(asked.value?.resource).toBe(2);
  });
});
