import { Cache } from "@breakwater/cache";
import { descriptionOf, noCall, type Call, type Service } from "@breakwater/core";
import { expect, it } from "vitest";
import { errorOf, makeCache, recordingMeter } from "./helpers.ts";

interface Order {
  readonly id: number;
  readonly of: string;
}
type Asker = Call & { readonly user: string };

function makeService(): { service: Service<number, Order, Asker>; asked: [number, Asker][] } {
  const asked: [number, Asker][] = [];
  return { service: async (id, call) => (asked.push([id, call]), { id, of: call.user }), asked };
}

it("the layer answers calls with the same key from the cache, and loads with the service's own input and call", async () => {
  const { cache } = makeCache<Order>();
  const { service, asked } = makeService();
  const cached = cache.layer((id: number, call: Asker) => `${call.user} ${id}`)(service);
  const ada: Asker = { user: "ada" };
  const order = await cached(1, ada);
  expect(await cached(1, { user: "ada" })).toBe(order);
  expect(await cached(1, { user: "bob" })).toEqual({ id: 1, of: "bob" });
  expect(asked.map(([id, call]) => [id, call.user])).toEqual([[1, "ada"], [1, "bob"]]);
  expect(asked[0]?.[1]).toBe(ada);
  expect(cache.peek("ada 1")).toBe(order);
});

it("a key of undefined passes the call by, and what keyOf throws the call rejects with", async () => {
  const { cache } = makeCache<number>();
  const own = new Error("own");
  const keyOf = (id: number): string | undefined => {
    if (id < 0) throw own;
    return id === 0 ? undefined : String(id);
  };
  let calls = 0;
  const cached = cache.layer(keyOf)(async () => (calls += 1));
  expect([await cached(0, {}), await cached(0, {}), await cached(1, {}), await cached(1, {})]).toEqual([1, 2, 3, 3]);
  expect(await errorOf(cached(-1, {}))).toBe(own);
});

it("a service that is called without a call, as JavaScript may, gets an empty one", async () => {
  const { cache } = makeCache();
  const cached = cache.layer(String)(async (_, call) => call) as (input: number) => Promise<unknown>;
  expect(await cached(1)).toBe(noCall);
});

it("a refresh in the background gets the call of who set it off, with a signal of its own", async () => {
  const { cache, clock } = makeCache<Order>({ staleWhileRevalidateMs: 50 });
  const { service, asked } = makeService();
  const cached = cache.layer(String)(service);
  await cached(1, { user: "ada" });
  clock.advance(100);
  const { signal } = new AbortController();
  await cached(1, { user: "bob", signal, deadlineAt: 9_999 });
  expect(asked[1]?.[1]).toMatchObject({ user: "bob", deadlineAt: undefined });
  expect(asked[1]?.[1].signal).not.toBe(signal);
});

it("the layer says what it is, and where it stands", () => {
  const { cache } = makeCache({ name: "orders" });
  expect(descriptionOf(cache.layer(String))).toEqual({ kind: "cache", name: "orders", inside: ["authentication"], outside: ["pool", "keyed-pool"] });
});

it("two caches of one options object share nothing, and the object stays as it is", async () => {
  const options = Object.freeze({ ttlMs: 100, load: async (key: string) => [key] });
  const [one, other] = [new Cache(options), new Cache(options)];
  const value = await one.get("a");
  expect(other.peek("a")).toBeUndefined();
  expect(await other.get("a")).not.toBe(value);
  one.delete("a");
  expect(other.stats.entries).toBe(1);
});

it("calls, loads and evictions are measured under the cache's name", async () => {
  const { meter, counts, gauges } = recordingMeter();
  const { cache, clock } = makeCache<number>({ meter, maxEntries: 1, staleWhileRevalidateMs: 50 });
  await cache.get("a", () => 1);
  await cache.get("a", () => 1);
  clock.advance(100);
  await cache.get("a", () => Promise.reject(new Error("down")));
  await cache.get("b", () => 1);
  expect(counts).toEqual({
    "breakwater.cache.requests|hit": 1,
    "breakwater.cache.requests|miss": 2,
    "breakwater.cache.requests|stale": 1,
    "breakwater.cache.loads": 3,
    "breakwater.cache.loads.failed": 1,
    "breakwater.cache.refreshes": 1,
    "breakwater.cache.evictions": 1,
  });
  expect(gauges["breakwater.cache.entries"]?.()).toBe(1);
  expect(gauges["breakwater.cache.size"]?.()).toBe(0);
});

it("a load that ended is an event with how long it took", async () => {
  const { cache, clock } = makeCache<number>();
  const heard: unknown[] = [];
  const off = cache.on("loaded", (event) => heard.push(event));
  await cache.get("a", () => (clock.advance(7), 1));
  off();
  await cache.get("b", () => 1);
  expect(heard).toEqual([{ key: "a", value: 1, durationMs: 7, isRefresh: false }]);
});

it.each([
  [{ ttlMs: 0 }, "ttlMs must be a number from 5e-324 to Infinity, got 0"],
  [{ ttlMs: "1" as never }, 'ttlMs must be a number, got "1"'],
  [{ staleWhileRevalidateMs: -1 }, "staleWhileRevalidateMs must be a number from 0 to Infinity, got -1"],
  [{ staleIfErrorMs: NaN }, "staleIfErrorMs must be a number from 0 to Infinity, got NaN"],
  [{ jitterRatio: 2 }, "jitterRatio must be a number from 0 to 1, got 2"],
  [{ maxEntries: 0 }, "maxEntries must be a whole number from 1 to 16777216, got 0"],
  [{ maxBytes: 1 }, "sizeOf must be a function where maxBytes is given, got undefined"],
  [{ isNegative: () => true }, "negativeTtlMs must be given with isNegative, got undefined"],
  [{ isNegativeError: () => true }, "negativeTtlMs must be given with isNegativeError, got undefined"],
  [{ load: 1 as never }, "load must be a function, got number"],
  [{ refreshBackoffMs: -1 }, "refreshBackoffMs must be a number from 0 to Infinity, got -1"],
])("options that cannot be are refused at construction: %j", (options, message) => {
  expect(() => new Cache({ ttlMs: 100, ...options })).toThrow(message);
});
