import { RejectedError } from "@breakwater/core";
import { settled } from "@breakwater/core/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { catchWarnings, errorOf, last, makeCache } from "./helpers.ts";

afterEach(() => void vi.restoreAllMocks());

describe("what says that there is none", () => {
  it("undefined is a value like any other unless told otherwise, and is loaded once", async () => {
    const { cache } = makeCache();
    let loads = 0;
    const load = async (): Promise<undefined> => void (loads += 1);
    expect([await cache.get("a", load), await cache.get("a", load)]).toEqual([undefined, undefined]);
    expect(loads).toBe(1);
    expect(cache.stats).toMatchObject({ hits: 1, entries: 1 });
  });

  it("is kept for its own time, and has no stale time", async () => {
    const { cache, clock, begun } = makeCache({ negativeTtlMs: 10, staleWhileRevalidateMs: 1_000, staleIfErrorMs: 1_000 });
    const first = cache.get("a");
    last(begun).resolve(null);
    expect(await first).toBeNull();
    clock.advance(9);
    expect(await cache.get("a")).toBeNull();
    clock.advance(1);
    const next = errorOf(cache.get("a"));
    last(begun).reject("down");
    expect(await next).toBe("down");
  });

  it("with 0 is not kept, and takes the old value away", async () => {
    const { cache, clock, begun } = makeCache<string>({ negativeTtlMs: 0, isNegative: (value) => value === "none", staleIfErrorMs: 1_000 });
    cache.set("a", "old");
    clock.advance(100);
    const first = cache.get("a");
    last(begun).resolve("none");
    expect(await first).toBe("none");
    const next = errorOf(cache.get("a"));
    last(begun).reject("down");
    expect(await next).toBe("down");
  });

  it("can be an error, which is then answered as it is, also instead of an old value", async () => {
    const { cache, clock, begun } = makeCache({ negativeTtlMs: 10, isNegativeError: (error) => error === notFound, staleIfErrorMs: 1_000 });
    const notFound = new Error("404");
    cache.set("a", "old");
    clock.advance(100);
    const first = errorOf(cache.get("a"));
    last(begun).reject(notFound);
    expect(await first).toBe(notFound);
    expect(await errorOf(cache.get("a"))).toBe(notFound);
    expect(begun).toHaveLength(1);
    expect(cache.peek("a")).toBeUndefined();
    clock.advance(10);
    const next = errorOf(cache.get("a"));
    last(begun).reject("other");
    expect(await next).toBe("other");
  });

  it("is never a refusal, whatever the predicate says", async () => {
    const { cache } = makeCache({ negativeTtlMs: 10, isNegativeError: () => true });
    const refusal = new RejectedError("ERR_BREAKER_OPEN", "open", { reason: "open" });
    expect(await errorOf(cache.get("a", () => Promise.reject(refusal)))).toBe(refusal);
    expect(await cache.get("a", () => 1)).toBe(1);
  });
});

describe("set and delete while a load is under way", () => {
  it("set wins over what the load brings", async () => {
    const { cache, begun } = makeCache();
    const before = cache.get("a");
    cache.set("a", "set");
    expect(await cache.get("a")).toBe("set");
    last(begun).resolve("loaded");
    expect(await before).toBe("loaded");
    expect(await cache.get("a")).toBe("set");
  });

  it("delete is not undone by it, and who asks after that begins anew", async () => {
    const { cache, begun } = makeCache();
    const before = cache.get("a");
    cache.delete("a");
    const after = cache.get("a");
    expect(begun).toHaveLength(2);
    begun[1]?.resolve("new");
    expect(await after).toBe("new");
    begun[0]?.resolve("old");
    expect(await before).toBe("old");
    expect(await cache.get("a")).toBe("new");
  });

  it("a deleted value does not come back by a load that fails", async () => {
    const { cache, clock, begun } = makeCache({ staleIfErrorMs: 1_000 });
    cache.set("a", "old");
    clock.advance(100);
    const answer = errorOf(cache.get("a"));
    expect(cache.delete("a")).toBe(true);
    last(begun).reject("down");
    expect(await answer).toBe("down");
    expect(cache.delete("a")).toBe(false);
  });

  it("a value that was set answers those whose load fails", async () => {
    const { cache, begun } = makeCache({ staleIfErrorMs: 1_000 });
    const answer = cache.get("a");
    cache.set("a", "set");
    last(begun).reject("down");
    expect(await answer).toBe("set");
  });

  it("clear does it for all keys", async () => {
    const { cache, begun } = makeCache();
    const answers = [cache.get("a"), cache.get("b")];
    cache.set("c", 1);
    cache.clear();
    for (const { resolve } of begun) resolve(1);
    expect(await Promise.all(answers)).toEqual([1, 1]);
    expect(cache.stats).toMatchObject({ entries: 0, inFlight: 0 });
    expect([cache.peek("a"), cache.peek("c")]).toEqual([undefined, undefined]);
  });

  it("a load that was detached is aborted when its last waiter leaves, and the newer one stays", async () => {
    const { cache, begun } = makeCache();
    const controller = new AbortController();
    const left = errorOf(cache.get("a", { signal: controller.signal }));
    cache.delete("a");
    const next = cache.get("a");
    controller.abort("gone");
    expect(await left).toBe("gone");
    expect(begun[0]?.call.signal?.aborted).toBe(true);
    expect(cache.stats.inFlight).toBe(1);
    begun[1]?.resolve("new");
    expect(await next).toBe("new");
  });
});

describe("bounds", () => {
  it("the key that was not asked for the longest goes first; peek does not count as asking", async () => {
    const { cache } = makeCache({ maxEntries: 2 });
    const gone: unknown[] = [];
    cache.on("evicted", (event) => gone.push(event));
    cache.set("a", 1);
    cache.set("b", 2);
    await cache.get("a");
    cache.peek("b");
    cache.set("c", 3);
    expect([cache.peek("a"), cache.peek("b"), cache.peek("c")]).toEqual([1, undefined, 3]);
    expect(gone).toEqual([{ key: "b", reason: "full" }]);
    expect(cache.stats).toMatchObject({ entries: 2, evictions: 1 });
  });

  it("bytes are bounded as sizeOf measures; what is larger than the whole is not kept, nor what was there before", () => {
    const { cache } = makeCache<string>({ maxBytes: 10, sizeOf: (value) => value.length });
    const gone: unknown[] = [];
    cache.on("evicted", (event) => gone.push(event));
    cache.set("a", "12345");
    cache.set("b", "12345");
    expect(cache.stats).toMatchObject({ entries: 2, bytes: 10 });
    cache.set("c", "1");
    expect(cache.stats).toMatchObject({ entries: 2, bytes: 6 });
    cache.set("b", "12345678901");
    expect(cache.peek("b")).toBeUndefined();
    expect(gone).toEqual([{ key: "a", reason: "full" }, { key: "b", reason: "too-large" }]);
    cache.set("empty", "");
    expect(cache.peek("empty")).toBe("");
  });

  it("what sizeOf cannot measure is answered but not kept", async () => {
    const warnings = catchWarnings();
    const sizes = [NaN, -1, "9" as never];
    const { cache } = makeCache<number>({ maxBytes: 10, sizeOf: (value) => sizes[value] ?? fail() });
    for (let i = 0; i < 3; i += 1) expect(await cache.get(String(i), () => i)).toBe(i);
    expect(await cache.get("3", () => 3)).toBe(3);
    expect(cache.stats.entries).toBe(1); // "9" is as good as 9
    expect(warnings).toHaveLength(3);
  });

  it("a listener of an eviction may call back in", () => {
    const { cache } = makeCache({ maxEntries: 1 });
    cache.on("evicted", ({ key }) => cache.delete(key === "a" ? "b" : "a"));
    cache.set("a", 1);
    cache.set("b", 2);
    expect(cache.stats.entries).toBe(0);
  });

  it("the last value can be deleted like any other, which is no eviction", () => {
    const { cache } = makeCache<string>({ maxEntries: 1_000, maxBytes: 10, sizeOf: (value) => value.length });
    const gone: unknown[] = [];
    cache.on("evicted", (event) => gone.push(event));
    cache.set("a", "12345");
    expect([cache.delete("b"), cache.delete("a"), cache.delete("a")]).toEqual([false, true, false]);
    expect([cache.peek("a"), gone]).toEqual([undefined, []]);
    expect(cache.stats).toMatchObject({ entries: 0, bytes: 0, evictions: 0 });
    cache.set("c", "1234567890");
    cache.set("d", "1");
    expect(gone).toEqual([{ key: "c", reason: "full" }]);
  });

  it("keys are such as a Map's: no text is special, and other kinds are compared as a Map compares them", () => {
    const { cache } = makeCache<number, unknown>();
    const object = {};
    const keys: unknown[] = ["__proto__", "constructor", "", 1, "1", NaN, object, undefined, null, Symbol.iterator];
    keys.forEach((key, index) => cache.set(key, index));
    expect(keys.map((key) => cache.peek(key))).toEqual(keys.map((_, index) => index));
    expect(cache.peek({})).toBeUndefined();
    expect(cache.peek("toString")).toBeUndefined();
  });
});

describe("values", () => {
  it("are shared by reference; with clone each has its own, the cache too", async () => {
    const { cache, begun } = makeCache<number[]>({ clone: (value) => [...value] });
    const answers = [cache.get("a"), cache.get("a")];
    const loaded = [1];
    last(begun).resolve(loaded);
    const [one, other] = await Promise.all(answers);
    loaded.push(2);
    one?.push(3);
    expect([one, other, await cache.get("a"), cache.peek("a")]).toEqual([[1, 3], [1], [1], [1]]);
    const set = [5];
    cache.set("b", set);
    set.push(6);
    expect(await cache.get("b")).toEqual([5]);
  });

  it("what clone throws, the call rejects with", async () => {
    const { cache } = makeCache<number>({ clone: fail });
    expect(await errorOf(cache.get("a", () => 1))).toMatchObject({ message: "broken" });
    expect(cache.stats).toMatchObject({ loadErrors: 1, entries: 0, inFlight: 0 });
    expect(() => cache.set("a", 1)).toThrow("broken");
  });
});

it("a listener, a predicate, a source of randomness or a meter that throws costs a warning and no call", async () => {
  const warnings = catchWarnings();
  const counter = { add: fail };
  const meter = { counter: () => counter, histogram: () => ({ record: fail }), gauge: () => fail };
  const { cache } = makeCache({ negativeTtlMs: 10, isNegative: fail, isNegativeError: fail, random: fail, jitterRatio: 1, meter });
  cache.on("loaded", fail);
  expect(await cache.get("a", () => 1)).toBe(1);
  const down = new Error("down");
  expect(await errorOf(cache.get("b", () => Promise.reject(down)))).toBe(down);
  await settled();
  expect(warnings.length).toBeGreaterThan(4);
});

function fail(): never {
  throw new Error("broken");
}
