import { KeyedPool, type KeyedPoolOptions } from "@breakwater/pool";
import { ManualClock, settled } from "@breakwater/core/testing";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it, vi } from "vitest";
import { fateOf } from "../harness.ts";

interface Thing {
  readonly key: string;
  readonly id: number;
}

/** Things by key, made at once unless `create` says otherwise. */
function make(options: Partial<KeyedPoolOptions<Thing>> = {}) {
  const clock = new ManualClock(1_000);
  const made: string[] = [];
  const destroyed: string[] = [];
  const pool = new KeyedPool<Thing>({
    create: (key) => {
      const thing = { key, id: made.filter((one) => one.startsWith(key)).length + 1 };
      made.push(`${key}${thing.id}`);
      return thing;
    },
    destroy: ({ key, id }) => void destroyed.push(`${key}${id}`),
    clock,
    random: () => 0,
    maxConnecting: Infinity,
    ...options,
  });
  return { pool, clock, made, destroyed };
}

describe("keys", () => {
  it("have resources of their own, at most max each", async () => {
    const { pool, made } = make({ max: 1 });
    const a = await pool.acquire("a");
    const b = await pool.acquire("b");
    const again = fateOf(pool.acquire("a"));
    await settled();
    expect([a.resource.key, b.resource.key, again.state]).toEqual(["a", "b", "pending"]);
    a.release();
    await settled();
    expect(again.value?.resource).toBe(a.resource);
    expect(made).toEqual(["a1", "b1"]);
    expect(pool.stats).toEqual({ keys: 2, keysDown: 0, size: 2, idle: 0, busy: 2, waiting: 0 });
  });

  it("are forgotten when they are empty, whatever they are called, and begin anew", async () => {
    const { pool, clock } = make({ idleTimeoutMs: 100 });
    for (const key of ["a", "__proto__", "constructor"]) (await pool.acquire(key)).release();
    expect(pool.stats.keys).toBe(3);
    expect(pool.statsOf("__proto__")?.idle).toBe(1);
    await clock.advanceAsync(110);
    expect(pool.stats).toMatchObject({ keys: 0, size: 0 });
    expect(clock.pendingTimers).toBe(0);
    expect(pool.statsOf("a")).toBeUndefined();
    expect(pool.tryAcquire("a")).toBeUndefined();
    expect((await pool.acquire("a")).resource.key).toBe("a");
  });

  it("that never had a resource are forgotten too, but not their pause between creates", async () => {
    const create = vi.fn(() => Promise.reject(new Error("no such host")));
    const { pool, clock } = make({ create, retryMaxMs: 1_000 });
    await expect(pool.acquire("made-up")).rejects.toThrow("no such host");
    await settled();
    await expect(pool.acquire("made-up")).rejects.toMatchObject({ code: "ERR_POOL_UNAVAILABLE", source: "made-up" });
    expect(create).toHaveBeenCalledOnce();
    expect(pool.stats).toMatchObject({ keys: 1, keysDown: 1 });
    expect(clock.pendingRefTimers).toBe(0);
    await clock.advanceAsync(2_000);
    expect(pool.stats.keys).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it("one that is down leaves the others alone", async () => {
    const { pool } = make({ create: (key) => (key === "bad" ? Promise.reject(new Error("down")) : { key, id: 1 }) });
    await expect(pool.acquire("bad")).rejects.toThrow("down");
    expect((await pool.acquire("good")).resource.key).toBe("good");
  });

  it("the layer finds the key and hands the lease inward, and use gives back on every path", async () => {
    const { pool } = make();
    const service = pool.layer((input: string) => input)(async (input: string, { lease }) => `${input} on ${lease.resource.key}`);
    expect(await service("x", {})).toBe("x on x");
    await expect(pool.use("y", () => { throw new Error("work"); })).rejects.toThrow("work");
    expect(pool.stats).toMatchObject({ busy: 0, idle: 2 });
    expectTypeOf(service).returns.toEqualTypeOf<Promise<string>>();
    const broken = pool.layer((): string => { throw new Error("keyOf"); })(async () => 1);
    await expect(broken(1, {})).rejects.toThrow("keyOf");
  });
});

describe("the total", () => {
  it("is never passed, and a key without places gets one from what lies idle at the key used longest ago", async () => {
    const { pool, destroyed } = make({ maxTotal: 2 });
    (await pool.acquire("a")).release();
    (await pool.acquire("b")).release();
    expect((await pool.acquire("c")).resource.key).toBe("c");
    expect(destroyed).toEqual(["a1"]);
    expect(pool.stats.size).toBe(2);
  });

  it("counts a resource until its destroy has settled", async () => {
    const ends: (() => void)[] = [];
    const { pool, made } = make({ maxTotal: 1, destroy: () => new Promise((resolve) => ends.push(resolve)) });
    (await pool.acquire("a")).release();
    const b = fateOf(pool.acquire("b"));
    await settled();
    expect([b.state, made]).toEqual(["pending", ["a1"]]);
    ends[0]?.();
    await settled();
    expect(b.value?.resource.key).toBe("b");
  });

  it("serves keys in the order in which they began to want, past the waiters of a key that came later", async () => {
    const { pool, clock } = make({ maxTotal: 1 });
    const first = await pool.acquire("a");
    clock.advance(10);
    const b = fateOf(pool.acquire("b"));
    clock.advance(10);
    const later = fateOf(pool.acquire("a"));
    clock.advance(10);
    const c = fateOf(pool.acquire("c"));
    first.release();
    await settled();
    expect([b.state, later.state, c.state]).toEqual(["ok", "pending", "pending"]);
    b.value?.release();
    await settled();
    expect([later.state, c.state]).toEqual(["ok", "pending"]);
    later.value?.release();
    await settled();
    expect(c.state).toBe("ok");
  });

  it("a key whose waiters have left passes its turn on", async () => {
    const { pool } = make({ maxTotal: 1 });
    const first = await pool.acquire("a");
    const controller = new AbortController();
    const b = fateOf(pool.acquire("b", { signal: controller.signal }));
    const c = fateOf(pool.acquire("c"));
    await settled();
    controller.abort("gone");
    first.release();
    await settled();
    expect([b.error, c.value?.resource.key]).toEqual(["gone", "c"]);
  });

  it("a create that fails gives its place to the next key", async () => {
    const creates: ((error: Error) => void)[] = [];
    const create = (key: string): Thing | Promise<Thing> =>
      key === "bad" ? new Promise((__, reject) => creates.push(reject)) : { key, id: 1 };
    const { pool } = make({ maxTotal: 1, create });
    const bad = fateOf(pool.acquire("bad"));
    const good = fateOf(pool.acquire("good"));
    await settled();
    expect(good.state).toBe("pending");
    creates[0]?.(new Error("down"));
    await settled();
    expect([bad.state, good.state]).toEqual(["failed", "ok"]);
  });

  it("whatever happens, is kept, nobody is forgotten, and nothing is left when it is closed", async () => {
    const step = fc.record({ key: fc.constantFrom("a", "b", "c"), act: fc.constantFrom("acquire", "release", "destroy", "abort", "wait"), pick: fc.nat(9) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 40 }), async (maxTotal, steps) => {
        let alive = 0;
        const { pool, clock } = make({
          maxTotal,
          max: 2,
          acquireTimeoutMs: 500,
          create: async (key) => { alive += 1; await Promise.resolve(); return { key, id: alive }; },
          destroy: async () => { await Promise.resolve(); alive -= 1; },
        });
        const calls: { readonly controller: AbortController; readonly fate: ReturnType<typeof fateOf<Awaited<ReturnType<typeof pool.acquire>>>>; isOver: boolean }[] = [];
        for (const { key, act, pick } of steps) {
          const held = calls.filter(({ fate, isOver }) => fate.state === "ok" && !isOver);
          const one = held[pick % Math.max(1, held.length)];
          if (act === "acquire") {
            const controller = new AbortController();
            calls.push({ controller, fate: fateOf(pool.acquire(key, { signal: controller.signal })), isOver: false });
          } else if (act === "abort") calls[pick % Math.max(1, calls.length)]?.controller.abort("gone");
          else if (act === "wait") await clock.advanceAsync(50);
          else if (one !== undefined) {
            one.isOver = true;
            if (act === "release") one.fate.value?.release();
            else one.fate.value?.destroy();
          }
          await settled();
          expect(alive).toBeLessThanOrEqual(maxTotal);
          expect(pool.stats.size).toBeLessThanOrEqual(maxTotal);
          const { waiting, idle, size } = pool.stats;
          // A place that is free, or lies idle, while somebody waits is allowed only where the key itself is full.
          if (waiting > 0 && size < maxTotal) {
            for (const name of ["a", "b", "c"]) {
              const own = pool.statsOf(name);
              expect(own === undefined || own.waiting === 0 || own.size === 2, `${name} waits though there is room`).toBe(true);
            }
          }
          expect(idle).toBeLessThanOrEqual(size);
        }
        for (const call of calls) {
          if (call.fate.state !== "ok" || call.isOver) continue;
          call.isOver = true;
          call.fate.value?.release();
          await settled();
        }
        await clock.advanceAsync(600);
        expect(calls.filter(({ fate }) => fate.state === "pending")).toEqual([]);
        await pool.close({ graceMs: 0 });
        expect(alive).toBe(0);
        expect(clock.pendingTimers).toBe(0);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe("as a whole", () => {
  it("tells events with the key, also of keys that come later, and only what somebody hears", async () => {
    const { pool } = make();
    (await pool.acquire("a")).destroy(new Error("bad"));
    const heard: unknown[] = [];
    const stop = pool.on("destroyed", ({ key, reason, error }) => heard.push([key, reason, (error as Error | undefined)?.message]));
    (await pool.acquire("a")).destroy();
    (await pool.acquire("b")).destroy(new Error("b broke"));
    stop();
    (await pool.acquire("c")).destroy();
    expect(heard).toEqual([["a", "broken", undefined], ["b", "broken", "b broke"]]);
  });

  it("clears one key or all", async () => {
    const { pool, destroyed } = make();
    for (const key of ["a", "b", "c"]) (await pool.acquire(key)).release();
    pool.clear("b");
    expect(destroyed).toEqual(["b1"]);
    pool.clear();
    expect(destroyed).toEqual(["b1", "a1", "c1"]);
  });

  it("closes all pools once, reports what was forced, and refuses from then on", async () => {
    const { pool, clock, destroyed } = make({ maxTotal: 2 });
    const lease = await pool.acquire("a");
    await pool.acquire("b");
    const waiting = fateOf(pool.acquire("c"));
    const closing = pool.close({ graceMs: 100 });
    const second = pool.close();
    await expect(pool.acquire("d")).rejects.toMatchObject({ code: "ERR_POOL_CLOSED" });
    await expect(pool.use("a", () => 1)).rejects.toMatchObject({ code: "ERR_POOL_CLOSED" });
    lease.release();
    await clock.advanceAsync(100);
    expect(await closing).toEqual({ revoked: 1, abandoned: 0, destroyFailures: 0 });
    expect(await second).toEqual(await closing);
    expect(waiting.error).toMatchObject({ code: "ERR_POOL_CLOSED" });
    expect(destroyed.sort()).toEqual(["a1", "b1"]);
    expect(clock.pendingTimers).toBe(0);
    await expect(pool.close({ graceMs: -1 })).rejects.toThrow(RangeError);
  });

  it("measures all keys as one", async () => {
    const series = new Set<string>();
    const gauges = new Map<string, () => number>();
    const note = (name: string, options?: { readonly attributes?: object | undefined }): void => void series.add(`${name} ${JSON.stringify(options?.attributes)}`);
    const { pool } = make({
      name: "hosts",
      meter: {
        counter: (name, options) => (note(name, options), { add: () => undefined }),
        histogram: (name, options) => (note(name, options), { record: () => undefined }),
        gauge: (name, read, options) => {
          gauges.set(`${name} ${JSON.stringify(options?.attributes)}`, read);
          return () => void gauges.delete(`${name} ${JSON.stringify(options?.attributes)}`);
        },
      },
    });
    (await pool.acquire("a")).release();
    const before = series.size;
    (await pool.acquire("b")).release();
    expect(series.size).toBe(before);
    expect([...series].every((one) => one.includes('"db.client.connection.pool.name":"hosts"'))).toBe(true);
    expect([...gauges].find(([name]) => name.includes("idle"))?.[1]()).toBe(2);
    await pool.close();
    expect(gauges.size).toBe(0);
  });

  it("checks all options when it is made", () => {
    expect(() => make({ maxTotal: 0 })).toThrow(/maxTotal must be a whole number from 1 .*got 0/);
    expect(() => make({ max: 0 })).toThrow(/max must/);
    // @ts-expect-error JavaScript callers may leave anything out
    expect(() => new KeyedPool({})).toThrow(TypeError);
  });
});
