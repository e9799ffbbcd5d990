import { Pool, type Lease } from "@breakwater/pool";
import { settled } from "@breakwater/core/testing";
import { describe, expect, it, vi } from "vitest";
import { Bench, fateOf, instant } from "./harness.ts";

describe("a foreign lease", () => {
  it("is refused with the name of the pool that it is from, and stays as it is", async () => {
    const [orders, prices] = [instant({ name: "orders" }).pool, instant({ name: "prices" }).pool];
    const lease = await orders.acquire();
    expect(() => prices.release(lease)).toThrow(
      expect.objectContaining({ name: "ForeignLeaseError", code: "ERR_POOL_FOREIGN_LEASE", message: 'pool "prices" was given back a lease of pool "orders"' }),
    );
    expect(orders.stats.busy).toBe(1);
    orders.release(lease);
    expect(orders.stats.idle).toBe(1);
    const unnamed = await instant().pool.acquire();
    expect(() => prices.release(unnamed)).toThrow(/a lease of another pool/);
    for (const none of [undefined, null, {}, 1, { resource: 1, release: () => undefined }]) {
      // JavaScript callers may pass anything
      expect(() => prices.release(none as unknown as Lease<number>)).toThrow(/what is no lease/);
    }
  });
});

describe("destroyOn", () => {
  it("of one use stands in the place of the pool's", async () => {
    const bench = instant({ destroyOn: () => true });
    const fail = () => { throw new Error("work"); };
    await expect(bench.pool.use(fail, { destroyOn: (error) => (error as Error).message !== "work" })).rejects.toThrow("work");
    expect(bench.pool.stats.idle).toBe(1);
    await expect(bench.pool.use(fail)).rejects.toThrow("work");
    expect(bench.pool.stats).toMatchObject({ idle: 0, destroyedBecause: { broken: 1 } });
    // @ts-expect-error JavaScript callers may pass anything
    await expect(bench.pool.use(fail, { destroyOn: 1 })).rejects.toThrow(new TypeError("destroyOn must be a function, got number"));
  });

  it("does not mind that the work has settled the lease itself", async () => {
    const bench = instant({ destroyOn: () => true });
    const service = bench.pool.layer(async (_: number, { lease }) => {
      lease.release();
      throw new Error("work");
    });
    await expect(service(1, {})).rejects.toThrow("work");
    expect(bench.pool.stats).toMatchObject({ idle: 1, destroyed: 0 });
  });
});

describe("cancel", () => {
  async function make(cancel: (id: number) => void | Promise<void>, options = {}) {
    const bench = instant({ max: 1, cancel, ...options });
    const controller = new AbortController();
    let end: (error?: Error) => void = () => undefined;
    const work = (): Promise<string> => new Promise((resolve, reject) => (end = (error) => (error === undefined ? resolve("done") : reject(error))));
    const used = fateOf(bench.pool.use(work, { signal: controller.signal }));
    await settled(); // the work has begun
    return { bench, controller, used, end: (error?: Error) => end(error) };
  }

  it("is called when the signal aborts, and the caller hears the signal's reason when the work fails then", async () => {
    const cancelled: number[] = [];
    const { bench, controller, used, end } = await make((id) => void cancelled.push(id));
    controller.abort("gone");
    expect([cancelled, used.state]).toEqual([[1], "pending"]);
    end(new Error("cancelled by the server"));
    await settled();
    expect([used.error, bench.pool.stats.idle]).toEqual(["gone", 1]);
  });

  it("is not called without an abort, nor after the work has ended; and what succeeds all the same is the caller's", async () => {
    const cancel = vi.fn();
    const { bench, controller, used, end } = await make(cancel);
    end();
    await settled();
    controller.abort("late");
    expect([used.value, cancel.mock.calls.length, bench.pool.stats.idle]).toEqual(["done", 0, 1]);
    const again = await make(() => undefined);
    again.controller.abort("gone");
    again.end();
    await settled();
    expect(again.used.value).toBe("done");
  });

  it("keeps the resource from others until it has settled, but not the caller", async () => {
    let done: () => void = () => undefined;
    const { bench, controller, used, end } = await make(() => new Promise((resolve) => (done = resolve)));
    const next = fateOf(bench.pool.acquire());
    controller.abort("gone");
    end(new Error("stopped"));
    await settled();
    expect([used.error, next.state]).toEqual(["gone", "pending"]);
    done();
    await settled();
    expect(next.value?.resource).toBe(1);
  });

  it("that throws, rejects or is late gives the resource up", async () => {
    for (const cancel of [() => { throw new Error("x"); }, () => Promise.reject(new Error("y")), () => new Promise<void>(() => undefined)]) {
      const { bench, controller, used, end } = await make(cancel, { resetTimeoutMs: 30 });
      const reasons: unknown[] = [];
      bench.pool.on("destroyed", ({ error }) => reasons.push((error as Error).message));
      controller.abort("gone");
      end(new Error("stopped"));
      await bench.clock.advanceAsync(30);
      expect(used.error).toBe("gone");
      expect(reasons).toHaveLength(1);
      expect(["x", "y", "pool: cancel took longer than 30 ms"]).toContain(reasons[0]);
      expect(bench.clock.pendingTimers).toBe(0);
    }
  });
});

describe("reports", () => {
  it("slowAcquire tells of waits of slowAcquireMs and more, of nobody else", async () => {
    const bench = instant({ max: 1, slowAcquireMs: 100 });
    const slow: number[] = [];
    bench.pool.on("slowAcquire", ({ waitedMs }) => slow.push(waitedMs));
    for (const waitMs of [99, 100, 250]) {
      const lease = await bench.pool.acquire();
      const waiting = bench.pool.acquire();
      await bench.clock.advanceAsync(waitMs);
      lease.release();
      (await waiting).release();
    }
    expect(slow).toEqual([100, 250]);
  });

  it("leaked tells where it was acquired, by a waiter too, and unleaked when it comes back", async () => {
    const bench = instant({ max: 1, leakAfterMs: 1_000 });
    const events: [string, number, boolean][] = [];
    for (const type of ["leaked", "unleaked"] as const) {
      bench.pool.on(type, ({ resource, origin }) => events.push([type, resource, origin.includes("borrowInTheTest")]));
    }
    const borrowInTheTest = (): Promise<Lease<number>> => bench.pool.acquire();
    const first = await borrowInTheTest();
    const second = borrowInTheTest();
    await bench.clock.advanceAsync(999);
    expect(events).toEqual([]);
    await bench.clock.advanceAsync(1);
    first.release();
    expect(events).toEqual([["leaked", 1, true], ["unleaked", 1, true]]);
    const lease = await second;
    await bench.clock.advanceAsync(1_000);
    lease.destroy();
    expect(events.slice(2)).toEqual([["leaked", 1, true], ["unleaked", 1, true]]);
    const quick = await borrowInTheTest();
    quick.release();
    await bench.clock.advanceAsync(2_000);
    expect(events).toHaveLength(4);
    expect(bench.clock.pendingRefTimers).toBe(0);
  });

  it("a leak and a nested acquire that nobody listens for become warnings", async () => {
    const warning = vi.spyOn(process, "emitWarning").mockReturnValue();
    const bench = instant({ max: 1, leakAfterMs: 10, detectNestedAcquire: true, name: "db", acquireTimeoutMs: 50 });
    const nested = fateOf(bench.pool.use(() => bench.pool.acquire()));
    await bench.clock.advanceAsync(60);
    expect(nested.error).toMatchObject({ code: "ERR_POOL_TIMEOUT" });
    const texts = warning.mock.calls.map(([text]) => (text as unknown as Error).message);
    expect(texts.some((text) => text.startsWith('pool "db": a resource is out for 10 ms, acquired'))).toBe(true);
    expect(texts.some((text) => text.includes("a caller who holds 1 of 1 waits for another"))).toBe(true);
    warning.mockRestore();
  });

  it("nestedAcquire tells of a caller who waits while holding one, through any number of calls, and of no others", async () => {
    const bench = instant({ max: 2, detectNestedAcquire: true, acquireTimeoutMs: 50 });
    const told: unknown[] = [];
    bench.pool.on("nestedAcquire", (event) => told.push(event));
    // While there is room nobody waits.
    await bench.pool.use(() => bench.pool.use(async () => 1));
    expect(told).toEqual([]);
    const held = await bench.pool.acquire();
    const nested = fateOf(bench.pool.use(async () => {
      await settled();
      return bench.pool.use(() => 1);
    }));
    await settled();
    await settled();
    const other = fateOf(bench.pool.acquire({ timeoutMs: 500 }));
    await bench.clock.advanceAsync(50);
    expect(told).toEqual([{ held: 1, max: 2 }]);
    expect([nested.state, other.state]).toEqual(["failed", "ok"]);
    held.release();
  });

  it("destroyed says why, and what was said of the breaking", async () => {
    const bench = instant();
    const events: unknown[] = [];
    bench.pool.on("destroyed", (event) => events.push(event));
    const error = new Error("reset by peer");
    (await bench.pool.acquire()).destroy(error);
    (await bench.pool.acquire()).destroy();
    expect(events).toEqual([{ resource: 1, reason: "broken", error }, { resource: 2, reason: "broken" }]);
  });

  it("the close reports what had to be forced", async () => {
    const bench = new Bench({ max: 3, destroyTimeoutMs: 20, destroy: (id) => (id === 1 ? new Promise(() => undefined) : undefined) });
    bench.pool.on("destroyFailed", () => undefined);
    const [first, second] = [bench.pool.acquire(), bench.pool.acquire()];
    await bench.supply();
    await bench.supply();
    await Promise.all([first, second]);
    void bench.pool.acquire().catch(() => undefined); // its create never ends
    const closed = fateOf(bench.pool.close({ graceMs: 10 }));
    await bench.clock.advanceAsync(100);
    expect(closed.value).toEqual({ revoked: 2, abandoned: 1, destroyFailures: 1 });
    (await first).release();
    (await second).destroy();
    expect(bench.clock.pendingTimers).toBe(0);
  });
});

it("new options that are wrong are refused with option and value", () => {
  const wrong: [object, RegExp][] = [
    [{ maxConnecting: 0 }, /maxConnecting must be .* got 0/],
    [{ maxIdle: -1 }, /maxIdle must be .* got -1/],
    [{ min: 3, maxIdle: 2 }, /maxIdle must be .* got 2/],
    [{ maxLifetimeMs: 0 }, /maxLifetimeMs must be .* got 0/],
    [{ lifetimeJitter: 1.5 }, /lifetimeJitter must be .* got 1.5/],
    [{ maxUses: 0.5 }, /maxUses must be .* got 0.5/],
    [{ validateAfterMs: Number.NaN }, /validateAfterMs must be .* got NaN/],
    [{ resetTimeoutMs: -1 }, /resetTimeoutMs must be .* got -1/],
    [{ ageingMs: -1 }, /ageingMs must be .* got -1/],
    [{ leakAfterMs: "1" }, /leakAfterMs must be .* got/],
    [{ slowAcquireMs: -5 }, /slowAcquireMs must be .* got -5/],
    [{ order: "random" }, /order must be "lifo" or "fifo", got random/],
    [{ reset: 1 }, /reset must be a function/],
    [{ cancel: {} }, /cancel must be a function/],
    [{ destroyOn: true }, /destroyOn must be a function/],
  ];
  for (const [options, message] of wrong) expect(() => new Pool({ create: () => 1, ...options })).toThrow(message);
});
