import { RejectedError } from "@breakwater/core";
import { settled } from "@breakwater/core/testing";
import { describe, expect, it } from "vitest";
import { deferred, errorOf, last, peekAt, recordingMeter } from "../helpers.ts";
import { loadInto, twoLevels } from "./fake-store.ts";

describe("two processes with one store", () => {
  it("what one has loaded the other does not load, and it gets the same value", async () => {
    const one = twoLevels();
    const other = one.another();
    await loadInto(one, "a", { id: 1 });
    expect(await other.cache.get("a")).toEqual({ id: 1 });
    expect(other.begun).toHaveLength(0);
    expect(other.cache.stats).toMatchObject({ misses: 1, loads: 0, secondLevelHits: 1, entries: 1, inFlight: 0 });
    expect(one.cache.stats).toMatchObject({ loads: 1, secondLevelMisses: 1 });
    expect(await other.cache.get("a")).toEqual({ id: 1 });
    expect(other.cache.stats).toMatchObject({ hits: 1, secondLevelHits: 1 });
  });

  it("a value keeps what is left of its freshness, and is not made younger by going from hand to hand", async () => {
    const one = twoLevels();
    const [other, third] = [one.another(), one.another()];
    await loadInto(one, "a", "value");
    one.clock.advance(60);
    await other.cache.get("a");
    one.clock.advance(39);
    expect([other.cache.peek("a"), await third.cache.get("a")]).toEqual(["value", "value"]);
    one.clock.advance(1);
    expect([other.cache.peek("a"), third.cache.peek("a")]).toEqual([undefined, undefined]);
    void other.cache.get("a");
    await settled();
    expect(other.begun).toHaveLength(1);
  });

  it("the time that the answer takes is taken off it", async () => {
    const one = twoLevels();
    await loadInto(one, "a", "value");
    const other = one.another({ ttlMs: 1_000 });
    const arrival = deferred<undefined>();
    const get = one.store.get.bind(one.store);
    one.store.get = (key) => get(key).then((kept) => arrival.promise.then(() => kept));
    const answer = other.cache.get("a");
    one.clock.advance(30);
    arrival.resolve(undefined);
    expect(await answer).toBe("value");
    one.clock.advance(69);
    expect(other.cache.peek("a")).toBe("value");
    one.clock.advance(1);
    expect(other.cache.peek("a")).toBeUndefined();
  });

  it("its time is bounded by the reader's own time to live, from when it was written", async () => {
    const one = twoLevels({ ttlMs: 1_000 });
    const other = one.another({ ttlMs: 100 });
    await loadInto(one, "a", "value");
    one.clock.advance(40);
    await other.cache.get("a");
    one.clock.advance(59);
    expect(other.cache.peek("a")).toBe("value");
    one.clock.advance(1);
    expect(other.cache.peek("a")).toBeUndefined();
    void other.cache.get("a");
    await settled();
    expect(other.begun).toHaveLength(1);
  });

  it("callers of one process share one look, and the load after it", async () => {
    const { cache, begun, store } = twoLevels();
    const answers = [cache.get("a"), cache.get("a"), cache.get("a")];
    await settled();
    expect(store.asked).toEqual(["get p:v1:a"]);
    expect(begun).toHaveLength(1);
    last(begun).resolve(1);
    expect(await Promise.all(answers)).toEqual([1, 1, 1]);
  });

  it("prefix and version part values, and keys of other kinds are no strings", async () => {
    const one = twoLevels();
    await loadInto(one, "a", "one");
    for (const second of [{ prefix: "q" }, { version: 2 }, { keyOf: (key: string) => key + "!" }]) {
      const other = one.another({}, second);
      void other.cache.get("a");
      await settled();
      expect(other.begun).toHaveLength(1);
    }
    const { cache, store } = twoLevels<number>();
    const keys: unknown[] = ["1", 1, 1n, "=1", "==1", undefined, "undefined", null, true, ""];
    keys.forEach((key, index) => cache.set(key as string, index)); // any key, as a Map takes
    expect(store.texts.size).toBe(keys.length);
    expect([...store.texts.keys()].slice(0, 4)).toEqual(["p:v1:1", "p:v1:=1", "p:v1:=1n", "p:v1:==1"]);
  });

  it("undefined, null and values of a serializer of one's own come back as they were", async () => {
    const serialize = (value: unknown): string => (value instanceof Date ? `d${value.getTime()}` : `j${JSON.stringify(value)}`);
    const deserialize = (text: string): unknown => (text.startsWith("d") ? new Date(Number(text.slice(1))) : (JSON.parse(text.slice(1)) as unknown));
    const own = twoLevels({}, { serialize, deserialize });
    await loadInto(own, "a", new Date(7));
    expect(await own.another().cache.get("a")).toEqual(new Date(7));
    const plain = twoLevels();
    await loadInto(plain, "none", undefined);
    await loadInto(plain, "null", null);
    await loadInto(plain, "lines", "1 x\n2 y");
    const { cache } = plain.another();
    expect([await cache.get("none"), await cache.get("null"), await cache.get("lines")]).toEqual([undefined, null, "1 x\n2 y"]);
  });

  it("what is kept for good is kept for good there too", async () => {
    const one = twoLevels({ ttlMs: Infinity, staleIfErrorMs: Infinity });
    await loadInto(one, "a", 1);
    one.clock.advance(1e15);
    expect(await one.another().cache.get("a")).toBe(1);
  });

  it("a value without an end is no answer where the one that was written had an end", async () => {
    const one = twoLevels();
    await loadInto(one, "a", 1);
    const text = one.store.texts.get("p:v1:a")?.text ?? "";
    one.store.texts.set("p:v1:a", { text, endsAt: Infinity });
    const other = one.another();
    void other.cache.get("a");
    await settled();
    expect(other.begun).toHaveLength(1);
  });
});

describe("stale values", () => {
  const stale = { staleWhileRevalidateMs: 50, staleIfErrorMs: 300 };

  it("one that is stale there is answered at once, and refreshed without asking there again", async () => {
    const one = twoLevels(stale);
    await loadInto(one, "a", "old");
    one.clock.advance(120);
    const other = one.another();
    expect(await other.cache.get("a")).toBe("old");
    expect(other.begun).toHaveLength(1);
    expect(one.store.asked.filter((what) => what.startsWith("get"))).toHaveLength(2);
    last(other.begun).resolve("new");
    await settled();
    expect(await other.cache.get("a")).toBe("new");
    expect(other.cache.stats).toMatchObject({ refreshes: 1, loads: 1, hits: 1 });
  });

  it("a refresh takes what another process has refreshed already", async () => {
    const one = twoLevels(stale);
    const other = one.another();
    await loadInto(one, "a", "old");
    await other.cache.get("a");
    one.clock.advance(110);
    await one.cache.get("a");
    await settled();
    last(one.begun).resolve("new");
    await one.cache.idle();
    await settled();
    expect(await other.cache.get("a")).toBe("old");
    await settled();
    expect(await other.cache.get("a")).toBe("new");
    expect(other.begun).toHaveLength(0);
  });

  it("a refresh does not take back the value that it is to replace, nor does an early one", async () => {
    const { cache, clock, begun, store } = twoLevels({ ...stale, earlyRefreshBeta: 1, random: () => 0 });
    const first = cache.get("a");
    await settled();
    clock.advance(10);
    last(begun).resolve("old");
    await first;
    await cache.idle();
    store.asked.length = 0;
    expect(await cache.get("a")).toBe("old"); // drawn: a random number of 0 always refreshes
    await settled();
    expect(store.asked).toEqual(["get p:v1:a"]);
    expect(begun).toHaveLength(2);
  });

  it("one that is older is the answer when the load fails", async () => {
    const one = twoLevels(stale);
    await loadInto(one, "a", "old");
    one.clock.advance(200);
    const other = one.another();
    const answer = other.cache.get("a");
    await settled();
    expect(await peekAt(answer)).toBe("pending");
    last(other.begun).reject("down");
    expect(await answer).toBe("old");
    expect(other.cache.stats).toMatchObject({ staleOnError: 1, loadErrors: 1 });
  });

  it("one that is older there than here does not replace it", async () => {
    const one = twoLevels(stale);
    const other = one.another();
    await loadInto(one, "a", "old");
    one.clock.advance(50);
    one.store.mode = "down";
    other.cache.set("a", "newer");
    await other.cache.idle();
    one.store.mode = "up";
    one.clock.advance(1_160); // until it is tried again what failed
    const answer = other.cache.get("a");
    await settled();
    last(other.begun).resolve("newest");
    expect(await answer).toBe("newest");
  });
});

describe("that there is none", () => {
  it("is shared as a value, for its own time and without a stale one", async () => {
    const one = twoLevels({ negativeTtlMs: 10, staleIfErrorMs: 1_000 });
    const other = one.another();
    await loadInto(one, "a", null);
    one.clock.advance(9);
    expect(await other.cache.get("a")).toBeNull();
    one.clock.advance(1);
    void other.cache.get("a");
    await settled();
    expect(other.begun).toHaveLength(1);
  });

  it("as an error stays in the process that had it, and takes the old value away for all", async () => {
    const one = twoLevels({ negativeTtlMs: 50, isNegativeError: (error) => error === "404" });
    await loadInto(one, "a", "old");
    one.clock.advance(100);
    const answer = errorOf(one.cache.get("a"));
    await settled();
    last(one.begun).reject("404");
    expect(await answer).toBe("404");
    expect(await errorOf(one.cache.get("a"))).toBe("404");
    await one.cache.idle();
    expect(one.store.texts.size).toBe(0);
    expect(one.store.asked.at(-1)).toBe("delete p:v1:a");
  });
});

describe("set and delete", () => {
  it("are done in both levels, in the turn of the call", async () => {
    const one = twoLevels();
    const other = one.another();
    one.cache.set("a", 1);
    expect(one.store.asked).toEqual(["set p:v1:a"]);
    expect(await other.cache.get("a")).toBe(1);
    one.cache.delete("a");
    expect(one.store.texts.size).toBe(0);
    expect(other.cache.peek("a")).toBe(1); // its own level nobody tells; it ends with its time
  });

  it("a delete is not undone by what stands there while it is on its way", async () => {
    const { cache, store, begun } = twoLevels();
    cache.set("a", "old");
    await cache.idle();
    store.mode = "hangs";
    cache.delete("a");
    store.mode = "up";
    const answer = cache.get("a");
    expect(store.asked.at(-1)).toBe("delete p:v1:a");
    last(begun).resolve("new");
    expect(await answer).toBe("new");
  });

  it("a delete that the store did not get is done again when it answers again, and until then the key is not read there", async () => {
    const { cache, store, begun, clock } = twoLevels();
    cache.set("a", "old");
    await cache.idle();
    store.mode = "down";
    cache.delete("a");
    await cache.idle();
    store.mode = "up";
    const during = cache.get("a");
    expect(begun).toHaveLength(1);
    expect(store.asked.filter((what) => what === "get p:v1:a")).toHaveLength(0);
    last(begun).reject("down");
    expect(await errorOf(during)).toBe("down");
    clock.advance(1_000);
    void cache.get("b");
    await settled();
    expect(store.texts.size).toBe(0);
    void cache.get("a");
    await settled();
    expect(store.asked.at(-1)).toBe("get p:v1:a");
  });

  it("the same with a set that it did not get: others do not find the value that was replaced", async () => {
    const { cache, store, clock } = twoLevels({ ttlMs: 10_000 });
    cache.set("a", "old");
    await cache.idle();
    store.mode = "down";
    cache.set("a", "new");
    await cache.idle();
    store.mode = "up";
    clock.advance(1_000);
    void cache.get("b");
    await settled();
    expect(store.texts.size).toBe(0);
    expect(await cache.get("a")).toBe("new");
  });

  it("a load that follows pays for a delete that failed", async () => {
    const { cache, store, begun } = twoLevels();
    store.mode = "down";
    cache.delete("a");
    await cache.idle();
    store.mode = "up";
    const answer = cache.get("a");
    last(begun).resolve("new");
    await answer;
    await cache.idle();
    expect(store.asked).toEqual(["delete p:v1:a", "set p:v1:a"]);
    cache.clear();
  });

  it("that an earlier delete was done says nothing of a later one that failed", async () => {
    const { cache, store, begun } = twoLevels();
    const ends: (() => void)[] = [];
    store.delete = () => new Promise((resolve, reject) => ends.push(ends.length === 0 ? () => resolve(1) : () => reject(new Error("lost"))));
    cache.delete("a");
    store.texts.set("p:v1:a", { text: "1 x 100 0 0\n1", endsAt: 1_100 }); // by another process in between
    cache.delete("a");
    ends[1]?.();
    ends[0]?.();
    await settled();
    void cache.get("a");
    expect(begun).toHaveLength(1);
    expect(store.asked).toEqual([]);
  });

  it("a store that can be read but not written is not asked to delete with every read", async () => {
    const { cache, store, clock } = twoLevels({}, { failureThreshold: 1_000 });
    store.delete = async (key) => {
      store.asked.push(`delete ${key}`);
      throw new Error("READONLY");
    };
    for (let i = 0; i < 50; i += 1) cache.delete(String(i));
    await cache.idle();
    store.asked.length = 0;
    for (let i = 100; i < 150; i += 1) void cache.get(String(i));
    await settled();
    expect(store.asked.filter((what) => what.startsWith("delete"))).toHaveLength(0);
    clock.advance(1_000);
    void cache.get("x");
    await settled();
    expect(store.asked.filter((what) => what.startsWith("delete"))).toHaveLength(50);
  });

  it("of very many deletes that fail the oldest are given up, and nothing that is older than that is read", async () => {
    const { cache, store, begun, clock } = twoLevels({ ttlMs: 1e6 });
    cache.set("a", "old");
    await cache.idle();
    store.mode = "down";
    cache.delete("a");
    for (let i = 0; i < 10_000; i += 1) cache.delete(String(i));
    await cache.idle();
    store.mode = "up";
    clock.advance(1_000);
    void cache.get("a");
    await settled();
    expect(begun).toHaveLength(1);
    expect(store.texts.has("p:v1:a")).toBe(true);
  });

  it("clear is for this process: what stands there is not read any more, what comes there later is", async () => {
    const one = twoLevels({ ttlMs: 1_000 });
    const other = one.another();
    await loadInto(one, "a", "old");
    one.clock.advance(1);
    one.cache.clear();
    void one.cache.get("a");
    await settled();
    expect(one.begun).toHaveLength(2);
    expect(await other.cache.get("a")).toBe("old");
    one.clock.advance(1);
    await loadInto(other, "b", "new");
    expect(await one.cache.get("b")).toBe("new");
  });

  it("a set during a look wins over what is found", async () => {
    const one = twoLevels();
    await loadInto(one, "a", "old");
    const other = one.another();
    const asked = other.cache.get("a");
    other.cache.set("a", "set");
    expect(await asked).toBe("set");
    expect(other.cache.peek("a")).toBe("set");
  });

  it("a delete during a look is not undone by it; who asked before it may still get what it found", async () => {
    const one = twoLevels();
    await loadInto(one, "a", "old");
    const other = one.another();
    const asked = other.cache.get("a");
    other.cache.delete("a");
    expect(await asked).toBe("old");
    expect(other.cache.peek("a")).toBeUndefined();
    void other.cache.get("a");
    await settled();
    expect(other.begun).toHaveLength(1);
  });
});

describe("callers who leave during a look", () => {
  it("end it alone, and if nobody waits any more nothing is loaded", async () => {
    const { cache, begun, store } = twoLevels();
    const found = deferred<undefined>();
    store.get = () => found.promise;
    const controller = new AbortController();
    const left = errorOf(cache.get("a", { signal: controller.signal }));
    controller.abort("gone");
    expect(await left).toBe("gone");
    found.resolve(undefined);
    await settled();
    expect(begun).toHaveLength(0);
    expect(cache.stats).toMatchObject({ inFlight: 0, loads: 0, loadsAborted: 0 });
  });

  it("by their deadline, too", async () => {
    const { cache, clock, store, begun } = twoLevels();
    store.mode = "hangs";
    const late = errorOf(cache.get("a", { deadlineAt: 1_020 }));
    const patient = cache.get("a");
    await clock.advanceAsync(20);
    expect(await late).toMatchObject({ code: "ERR_CACHE_TIMEOUT" });
    await clock.advanceAsync(30);
    last(begun).resolve(1);
    expect(await patient).toBe(1);
    await clock.advanceAsync(50); // the write that hangs
    expect(clock.pendingTimers).toBe(0);
  });
});

it("reads and failures are measured under the cache's name", async () => {
  const { meter, counts } = recordingMeter();
  const one = twoLevels<number>({ meter });
  await loadInto(one, "a", 1);
  await one.another().cache.get("a");
  one.store.mode = "down";
  for (const key of ["b", "c", "d", "e"]) await one.cache.get(key, () => 1);
  await one.cache.idle();
  expect(counts).toMatchObject({
    "breakwater.cache.second_level.reads|hit": 1,
    "breakwater.cache.second_level.reads|miss": 1,
    "breakwater.cache.second_level.failures": 3,
    "breakwater.cache.second_level.skips": 5,
  });
});

it("a refusal by what guards the store says nothing about it: it is counted, but makes no pause", async () => {
  const { cache, store } = twoLevels({}, { failureThreshold: 1 });
  store.get = () => Promise.reject(new RejectedError("ERR_LIMITER_REJECTED", "full", { reason: "queue-full" }));
  expect(await cache.get("a", () => 1)).toBe(1);
  expect(cache.stats).toMatchObject({ secondLevelFailures: 1, isSecondLevelPaused: false });
});

it.each([
  [{ store: undefined as never }, "secondLevel.store must be an object, got undefined"],
  [{ store: { get: () => undefined, set: 1 } as never }, "secondLevel.store.set must be a function, got number"],
  [{ prefix: "" }, 'secondLevel.prefix must not be empty, got ""'],
  [{ prefix: undefined as never }, "secondLevel.prefix must be a string, got undefined"],
  [{ version: 1.5 }, "secondLevel.version must be a whole number from 0 to 9007199254740991, got 1.5"],
  [{ serialize: 1 as never }, "secondLevel.serialize must be a function, got number"],
  [{ timeoutMs: 0 }, "secondLevel.timeoutMs must be a number from 1 to 60000, got 0"],
  [{ failureThreshold: 0 }, "secondLevel.failureThreshold must be a whole number from 1 to Infinity, got 0"],
  [{ pauseMs: -1 }, "secondLevel.pauseMs must be a number from 0 to Infinity, got -1"],
])("options of it that cannot be are refused at construction", (second, message) => {
  expect(() => twoLevels({}, second)).toThrow(message);
});
