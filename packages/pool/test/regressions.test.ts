import { KeyedPool, type Lease } from "@breakwater/pool";
import { settled } from "@breakwater/core/testing";
import { describe, expect, it, vi } from "vitest";
import { Bench, fateOf, instant } from "./harness.ts";

describe("a pool", () => {
  it("refuses a deadline or a priority that is no number, which would disturb everybody else's", async () => {
    const bench = instant({ max: 1 });
    await bench.pool.acquire();
    await expect(bench.pool.acquire({ deadlineAt: Number.NaN })).rejects.toThrow(/deadlineAt must be .* got NaN/);
    await expect(bench.pool.acquire({ priority: Number.NaN })).rejects.toThrow(/priority must be .* got NaN/);
    await expect(bench.pool.use(() => 1, { priority: Number.NaN })).rejects.toThrow(RangeError);
    const waiting = fateOf(bench.pool.acquire({ timeoutMs: 100 }));
    await bench.clock.advanceAsync(100);
    expect(waiting.error).toMatchObject({ code: "ERR_POOL_TIMEOUT" });
  });

  it("never cancels what a resource does for somebody else, after its lease was returned or taken away", async () => {
    const cancelled: number[] = [];
    const bench = instant({ max: 1, cancel: (id) => void cancelled.push(id) });
    const controller = new AbortController();
    const service = bench.pool.layer(async (_: number, { lease }) => {
      lease.release();
      await new Promise(() => undefined);
    });
    void service(1, { signal: controller.signal });
    await settled();
    const next = await bench.pool.acquire();
    controller.abort("gone");
    expect(cancelled).toEqual([]);
    next.release();
  });

  it("counts a resource that is broken on arrival as a create that failed, and does not spin", async () => {
    let creates = 0;
    const bench = instant({ create: ({ broken }) => { creates += 1; broken(new Error("accepted, then closed")); return 1; } });
    await expect(bench.pool.acquire()).rejects.toThrow("accepted, then closed");
    expect(creates).toBe(1);
    expect(bench.pool.stats).toMatchObject({ isDown: true, createFailures: 1, size: 0 });
  });

  it("waits with the next create when a resource breaks before it was of any use", async () => {
    let creates = 0;
    const bench = instant({ min: 1, create: ({ broken }) => { creates += 1; queueMicrotask(() => broken(new Error("closed"))); return 1; } });
    await bench.pool.start();
    await settled();
    expect(creates).toBe(1);
    await bench.clock.advanceAsync(1_000);
    expect(creates).toBeLessThan(25); // one in 50 ms
    expect(bench.clock.pendingRefTimers).toBe(0);
  });

  it("closes though validate does it, in the middle of keepalive tests", async () => {
    let tests = 0;
    let closed: Promise<unknown> | undefined;
    const bench = instant({
      maxConnecting: 1,
      keepaliveMs: 100,
      validateAfterMs: 1e9,
      idleTimeoutMs: Infinity,
      validate: () => { tests += 1; if (tests === 2) closed = bench.pool.close(); return true; },
    });
    for (const lease of await Promise.all([1, 2].map(() => bench.pool.acquire()))) lease.release();
    await bench.clock.advanceAsync(200);
    await closed;
    expect(bench.pool.stats).toMatchObject({ idle: 0, size: 0 });
    expect(bench.pool.tryAcquire()).toBeUndefined();
  });

  it("leaves no timer when the last waiter is found gone at the hand-over", async () => {
    const bench = instant({ max: 1, acquireTimeoutMs: 4_000 });
    const lease = await bench.pool.acquire();
    const controller = new AbortController();
    controller.signal.addEventListener("abort", () => lease.release()); // before the pool hears of it
    const waiting = fateOf(bench.pool.acquire({ signal: controller.signal }));
    controller.abort("gone");
    await settled();
    expect(waiting.error).toBe("gone");
    expect(bench.clock.pendingRefTimers).toBe(0);
  });

  it("clear leaves alone what is made while it destroys", async () => {
    const bench = instant({ min: 2, create: async () => { await Promise.resolve(); return ++bench.made; } });
    await bench.pool.start();
    bench.pool.clear();
    await settled();
    expect(bench.pool.stats).toMatchObject({ created: 4, idle: 2, destroyedBecause: { cleared: 2 } });
    expect(bench.pool.tryAcquire()?.resource).toBeGreaterThan(2);
  });

  it("begins to evict when min is lowered", async () => {
    const bench = instant({ min: 2, idleTimeoutMs: 1_000 });
    await bench.pool.start();
    expect(bench.clock.pendingTimers).toBe(0);
    bench.pool.resize({ min: 0 });
    await bench.clock.advanceAsync(1_100);
    expect(bench.pool.stats.size).toBe(0);
  });

  it("keeps maxIdle also for what arrives for nobody", async () => {
    const bench = new Bench({ maxIdle: 0 });
    const controller = new AbortController();
    void bench.pool.acquire({ signal: controller.signal }).catch(() => undefined);
    controller.abort();
    await bench.supply();
    expect(bench.pool.stats).toMatchObject({ idle: 0, destroyedBecause: { surplus: 1 } });
  });

  it("reports as revoked only what was taken away", async () => {
    const leases: Lease<number>[] = [];
    const bench = instant({ destroy: () => leases.pop()?.[Symbol.dispose]() });
    for (let i = 0; i < 2; i += 1) leases.push(await bench.pool.acquire());
    expect(await bench.pool.close({ graceMs: 0 })).toMatchObject({ revoked: 1 });
    expect(bench.pool.stats.destroyed).toBe(2);
  });

  it("validates what came late before a waiter gets it", async () => {
    let asked = 0;
    const bench = new Bench({ max: 1, createTimeoutMs: 50, validate: () => (asked += 1) > 0, validateAfterMs: 500 });
    void bench.pool.acquire().catch(() => undefined);
    await bench.clock.advanceAsync(50);
    await bench.supply(); // late: who knows how long it has stood
    expect((await bench.pool.acquire()).resource).toBe(1);
    expect(asked).toBe(1);
  });
});

describe("a keyed pool", () => {
  function make(options: object) {
    const bench = new Bench();
    const creates = new Map<string, { readonly bring: () => void; readonly fail: () => void }[]>();
    const pool = new KeyedPool<string>({
      create: (key) => new Promise((resolve, reject) => {
        const list = creates.get(key) ?? [];
        creates.set(key, [...list, { bring: () => resolve(key), fail: () => reject(new Error("down")) }]);
      }),
      clock: bench.clock,
      random: () => 0,
      ...options,
    });
    const next = (key: string) => creates.get(key)?.shift();
    return { pool, clock: bench.clock, next };
  }

  it("does not spin for a key that may create but finds no place, and does not refuse it either", async () => {
    const { pool, clock, next } = make({ maxTotal: 1, retryMinMs: 100, retryMaxMs: 100 });
    const failed = fateOf(pool.acquire("b"));
    next("b")?.fail();
    await settled();
    expect(failed.state).toBe("failed");
    const a = fateOf(pool.acquire("a"));
    next("a")?.bring();
    await clock.advanceAsync(100);
    const setTimer = vi.spyOn(clock, "setTimer");
    const b = fateOf(pool.acquire("b"));
    await clock.advanceAsync(1_000);
    expect(b.state).toBe("pending");
    expect(setTimer.mock.calls.length).toBeLessThan(20);
    a.value?.release();
    await settled();
    next("b")?.bring();
    await settled();
    expect(b.value?.resource).toBe("b");
  });

  it("offers what arrives for nobody to another key in line", async () => {
    const { pool, next } = make({ maxTotal: 1 });
    const controller = new AbortController();
    const c = fateOf(pool.acquire("c", { signal: controller.signal }));
    const b = fateOf(pool.acquire("b"));
    controller.abort("gone");
    next("c")?.bring();
    await settled();
    next("b")?.bring();
    await settled();
    expect([c.error, b.value?.resource]).toEqual(["gone", "b"]);
  });

  it("forgets nobody in line, whoever leaves it and whatever is called meanwhile", async () => {
    const { pool, next } = make({ maxTotal: 1 });
    const [one, two] = [new AbortController(), new AbortController()];
    void pool.acquire("c", { signal: one.signal }).catch(() => undefined);
    void pool.acquire("b", { signal: two.signal }).catch(() => undefined);
    one.abort();
    two.abort();
    next("c")?.bring();
    await settled();
    const a = fateOf(pool.acquire("a"));
    await settled();
    next("a")?.bring();
    await settled();
    expect(a.value?.resource).toBe("a");
  });

  it("a destroy that asks for another key loses nobody", async () => {
    const asked: ReturnType<typeof fateOf<Lease<string>>>[] = [];
    const pool: KeyedPool<string> = new KeyedPool<string>({
      create: (key) => key,
      maxTotal: 2,
      destroy: (key) => { if (key === "b") asked.push(fateOf(pool.acquire("d"))); },
    });
    (await pool.acquire("b")).release();
    (await pool.acquire("c")).release();
    const a = await pool.acquire("a", { timeoutMs: 100 });
    await settled();
    expect([a.resource, asked[0]?.state]).toEqual(["a", "ok"]);
    await pool.close({ graceMs: 0 });
  });

  it("forgets keys that never had a place: refused, aborted, timed out", async () => {
    const { pool, clock, next } = make({ maxTotal: 1 });
    void pool.acquire("held");
    next("held")?.bring();
    for (let i = 0; i < 10; i += 1) {
      await expect(pool.acquire(`refused ${i}`, { timeoutMs: 0 })).rejects.toMatchObject({ code: "ERR_POOL_TIMEOUT" });
      await expect(pool.acquire(`aborted ${i}`, { signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
      const late = fateOf(pool.acquire(`late ${i}`, { timeoutMs: 5 }));
      await clock.advanceAsync(5);
      expect(late.state).toBe("failed");
    }
    await settled();
    expect(pool.stats.keys).toBe(1);
  });

  it("never waits with maxWaiting 0 when the total is taken", async () => {
    const { pool, next } = make({ maxTotal: 1, maxWaiting: 0 });
    const first = fateOf(pool.acquire("a"));
    next("a")?.bring();
    await settled();
    expect(first.state).toBe("ok");
    await expect(pool.acquire("a")).rejects.toMatchObject({ code: "ERR_POOL_FULL" });
    await expect(pool.acquire("b")).rejects.toMatchObject({ code: "ERR_POOL_FULL" });
  });

  it("asked for a key while it closes, refuses", async () => {
    let late: Promise<unknown> | undefined;
    const pool: KeyedPool<string> = new KeyedPool<string>({ create: (key) => key, destroy: () => { late ??= pool.acquire("d").catch((error: unknown) => error); } });
    (await pool.acquire("a")).release();
    await pool.close();
    expect(await late).toMatchObject({ code: "ERR_POOL_CLOSED" });
  });

  it("warns of a failed destroy again when nobody listens any more", async () => {
    const warning = vi.spyOn(process, "emitWarning").mockReturnValue();
    const pool = new KeyedPool<string>({ create: (key) => key, destroy: () => { throw new Error("stuck"); } });
    const stop = pool.on("destroyFailed", () => undefined);
    (await pool.acquire("a")).destroy();
    expect(warning).not.toHaveBeenCalled();
    stop();
    (await pool.acquire("a")).destroy();
    expect(warning).toHaveBeenCalledOnce();
    warning.mockRestore();
  });
});
