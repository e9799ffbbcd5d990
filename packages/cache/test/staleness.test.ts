import { Cache } from "@breakwater/cache";
import { RejectedError } from "@breakwater/core";
import { settled } from "@breakwater/core/testing";
import { describe, expect, it, vi } from "vitest";
import { errorOf, last, makeCache } from "./helpers.ts";

describe("time to live", () => {
  it("a value is fresh until its time is over, and then loaded again", async () => {
    const { cache, clock, begun } = makeCache();
    cache.set("a", "old");
    clock.advance(99);
    expect(await cache.get("a")).toBe("old");
    clock.advance(1);
    const answer = cache.get("a");
    last(begun).resolve("new");
    expect(await answer).toBe("new");
    expect(clock.pendingTimers).toBe(0);
  });

  it("jitter takes a random part off, and never adds", async () => {
    let drawn = 0;
    const { cache, clock } = makeCache({ jitterRatio: 0.5, random: () => drawn });
    cache.set("full", 1);
    drawn = 1;
    cache.set("short", 1);
    clock.advance(49);
    expect([cache.peek("full"), cache.peek("short")]).toEqual([1, 1]);
    clock.advance(1);
    expect([cache.peek("full"), cache.peek("short")]).toEqual([1, undefined]);
    clock.advance(49);
    expect(cache.peek("full")).toBe(1);
    clock.advance(1);
    expect(cache.peek("full")).toBeUndefined();
  });

  it("Infinity keeps a value for good, with jitter too", () => {
    const { cache, clock } = makeCache({ ttlMs: Infinity, jitterRatio: 1, random: () => 0 });
    cache.set("a", 1);
    clock.advance(1e15);
    expect(cache.peek("a")).toBe(1);
  });

  it("by default hits share readings of the system's clock", async () => {
    const cache = new Cache({ ttlMs: 60_000, load: async (key: string) => key });
    await cache.get("a");
    const read = vi.spyOn(performance, "now");
    const answers = Array.from({ length: 1_000 }, () => cache.get("a"));
    const { length } = read.mock.calls;
    read.mockRestore();
    expect(length).toBeLessThan(100); // some, where the machine is slow
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["a"]));
  });

  it("a clock that jumps ahead makes old what is old; one that goes back makes nothing fresh again", () => {
    const { cache, clock } = makeCache();
    cache.set("a", 1);
    clock.jump(200);
    expect(cache.peek("a")).toBeUndefined();
    clock.jump(-200);
    expect(cache.peek("a")).toBeUndefined();
  });
});

describe("stale while revalidate", () => {
  it("answers the old value at once, and refreshes once in the background", async () => {
    const { cache, clock, begun } = makeCache({ staleWhileRevalidateMs: 50 });
    cache.set("a", "old");
    clock.advance(100);
    expect(await Promise.all(Array.from({ length: 10 }, () => cache.get("a")))).toEqual(Array(10).fill("old"));
    expect(begun).toHaveLength(1);
    last(begun).resolve("new");
    await settled();
    expect(await cache.get("a")).toBe("new");
    expect(cache.stats).toMatchObject({ stale: 10, hits: 1, refreshes: 1, loads: 1, misses: 0 });
  });

  it("the refresh is not ended by the abort or deadline of whoever set it off", async () => {
    const { cache, clock, begun } = makeCache({ staleWhileRevalidateMs: 50 });
    cache.set("a", "old");
    clock.advance(100);
    const controller = new AbortController();
    expect(await cache.get("a", { signal: controller.signal, deadlineAt: 1_110, priority: 1 })).toBe("old");
    controller.abort("gone");
    clock.advance(20);
    expect(last(begun).call).toMatchObject({ priority: 1, deadlineAt: undefined });
    expect(last(begun).call.signal?.aborted).toBe(false);
    last(begun).resolve("new");
    await settled();
    expect(cache.peek("a")).toBe("new");
  });

  it("a refresh that fails is an event and a count, no rejection, and the next one waits a while that doubles", async () => {
    const { cache, clock, begun } = makeCache({ staleWhileRevalidateMs: 100_000, refreshBackoffMs: 1_000 });
    const heard: unknown[] = [];
    cache.on("loadFailed", (event) => heard.push(event));
    cache.set("a", "old");
    clock.advance(100);
    const failAt: number[] = [];
    for (let second = 0; second < 16; second += 1) {
      expect(await cache.get("a")).toBe("old");
      if (begun.length > failAt.length) {
        failAt.push(second);
        last(begun).reject("down");
        await settled();
      }
      clock.advance(1_000);
    }
    expect(failAt).toEqual([0, 1, 3, 7, 15]);
    expect(heard).toHaveLength(5);
    expect(heard[0]).toEqual({ key: "a", error: "down", isRefresh: true });
    expect(cache.stats).toMatchObject({ loadErrors: 5, refreshes: 5, stale: 16, misses: 0 });
  });

  it("a refresh that throws at once still answers the old value", async () => {
    const { cache, clock } = makeCache({ staleWhileRevalidateMs: 50 });
    cache.set("a", "old");
    clock.advance(100);
    const bad = (): never => {
      throw new Error("sync");
    };
    expect(await cache.get("a", bad)).toBe("old");
    expect(cache.stats).toMatchObject({ loadErrors: 1, inFlight: 0 });
  });

  it("after the stale time callers wait for the refresh that is under way; one that hangs ends when the last of them leaves", async () => {
    const { cache, clock, begun } = makeCache({ staleWhileRevalidateMs: 50 });
    cache.set("a", "old");
    clock.advance(100);
    await cache.get("a");
    clock.advance(50);
    const waiting = errorOf(cache.get("a", { deadlineAt: 1_160 }));
    expect(begun).toHaveLength(1);
    await clock.advanceAsync(10);
    expect(await waiting).toMatchObject({ code: "ERR_CACHE_TIMEOUT" });
    expect(last(begun).call.signal?.aborted).toBe(true);
    const next = cache.get("a");
    expect(begun).toHaveLength(2);
    last(begun).resolve("new");
    expect(await next).toBe("new");
  });
});

describe("stale if error", () => {
  it("answers the old value when the load fails, to all who wait", async () => {
    const { cache, clock, begun } = makeCache({ staleIfErrorMs: 1_000 });
    const heard: unknown[] = [];
    cache.on("staleServed", (event) => heard.push(event));
    cache.set("a", "old");
    clock.advance(100);
    const answers = [cache.get("a"), cache.get("a")];
    last(begun).reject("down");
    expect(await Promise.all(answers)).toEqual(["old", "old"]);
    expect(heard).toEqual([{ key: "a", error: "down", callers: 2 }]);
    expect(cache.stats).toMatchObject({ misses: 2, staleOnError: 2, loadErrors: 1 });
  });

  it("a refusal, as by an open breaker, is the very case", async () => {
    const { cache, clock } = makeCache({ staleIfErrorMs: 1_000 });
    cache.set("a", "old");
    clock.advance(100);
    const open = new RejectedError("ERR_BREAKER_OPEN", "open", { reason: "open" });
    expect(await cache.get("a", () => Promise.reject(open))).toBe("old");
  });

  it("is not for the caller's own abort or deadline", async () => {
    const { cache, clock, begun } = makeCache({ staleIfErrorMs: 1_000 });
    cache.set("a", "old");
    clock.advance(100);
    const controller = new AbortController();
    const aborted = errorOf(cache.get("a", { signal: controller.signal }));
    const late = errorOf(cache.get("a", { deadlineAt: 1_110 }));
    controller.abort("gone");
    await clock.advanceAsync(10);
    expect(await aborted).toBe("gone");
    expect(await late).toMatchObject({ code: "ERR_CACHE_TIMEOUT" });
    last(begun).reject(new Error("aborted"));
    await settled();
    expect(cache.stats.staleOnError).toBe(0);
  });

  it("for a while after a failure the old value is answered at once, without another load", async () => {
    const { cache, clock, begun } = makeCache({ staleIfErrorMs: 10_000, refreshBackoffMs: 500 });
    cache.set("a", "old");
    clock.advance(100);
    const first = cache.get("a");
    last(begun).reject("down");
    await first;
    clock.advance(499);
    expect(await cache.get("a")).toBe("old");
    expect(begun).toHaveLength(1);
    clock.advance(1);
    const next = cache.get("a");
    expect(begun).toHaveLength(2);
    last(begun).resolve("new");
    expect(await next).toBe("new");
  });

  it("ends with its time: then the error is the answer", async () => {
    const { cache, clock, begun } = makeCache({ staleIfErrorMs: 1_000 });
    cache.set("a", "old");
    clock.advance(1_099);
    const answer = errorOf(cache.get("a"));
    clock.advance(1);
    last(begun).reject("down");
    expect(await answer).toBe("down");
  });
});

describe("early refresh", () => {
  it("is drawn by each call, the likelier the nearer the end and the longer the load took", async () => {
    let drawn = 1;
    const { cache, clock, begun } = makeCache({ earlyRefreshBeta: 1, random: () => drawn });
    const first = cache.get("a");
    clock.advance(20); // the load takes 20 ms, so it is fresh until 1,120
    last(begun).resolve("old");
    await first;
    clock.advance(60);
    drawn = Math.exp(-1.9); // 38 ms before the end, of 40 that are left
    expect(await cache.get("a")).toBe("old");
    expect(begun).toHaveLength(1);
    clock.advance(2);
    expect(await cache.get("a")).toBe("old");
    expect(begun).toHaveLength(2);
    expect(await cache.get("a")).toBe("old");
    expect(begun).toHaveLength(2);
    last(begun).resolve("new");
    await settled();
    expect(await cache.get("a")).toBe("new");
    expect(cache.stats).toMatchObject({ hits: 4, refreshes: 1, stale: 0 });
  });

  it("that failed is not drawn again before the pause is over", async () => {
    const { cache, clock, begun } = makeCache({ earlyRefreshBeta: 1, random: () => 0 });
    const first = cache.get("a");
    clock.advance(20);
    last(begun).resolve("old");
    await first;
    await cache.get("a");
    expect(begun).toHaveLength(2);
    last(begun).reject("down");
    await settled();
    expect(await cache.get("a")).toBe("old");
    expect(begun).toHaveLength(2);
  });
});
