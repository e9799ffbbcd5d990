import { settled } from "@breakwater/core/testing";
import { KeyedLimiter, type LimiterKey } from "@breakwater/limiter";
import { describe, expect, expectTypeOf, it } from "vitest";
import { deferred, errorOf, watch } from "./helpers.ts";

describe("KeyedLimiter", () => {
  it("each key has a limit of its own", () => {
    const limiter = new KeyedLimiter({ limit: 2 });
    const held = [limiter.tryAcquire("a"), limiter.tryAcquire("a")];
    expect(limiter.tryAcquire("a")).toBeUndefined();
    expect(limiter.tryAcquire("b")).toBeDefined();
    expect(limiter.inUse("a")).toBe(2);
    held[0]?.release();
    expect(limiter.tryAcquire("a")).toBeDefined();
  });

  it("a key has an entry from its first permit or wait to its last release, and none when idle", async () => {
    const limiter = new KeyedLimiter({ limit: 1 });
    const gate = deferred();
    const first = limiter.run("a", () => gate.promise);
    const second = limiter.run("a", async () => "second");
    expect(limiter.stats).toEqual({ keys: 1, inUse: 1, waiting: 1, rejected: 0 });
    gate.resolve();
    await first;
    expect(await second).toBe("second");
    expect(limiter.stats).toEqual({ keys: 0, inUse: 0, waiting: 0, rejected: 0 });
    expect(limiter.inUse("a")).toBe(0);
  });

  it("a refused, aborted, wrong or failed call leaves no entry behind", async () => {
    const limiter = new KeyedLimiter({ limit: 1 });
    await errorOf(limiter.acquire("a", { signal: AbortSignal.abort() }));
    await errorOf(limiter.run("b", () => Promise.reject(new Error("no"))));
    await errorOf(limiter.run("c", () => { throw new Error("no"); }));
    await errorOf(limiter.run("d", async () => 1, {}, { weight: 2 }));
    expect(() => limiter.tryAcquire("e", { weight: 0 })).toThrow(RangeError);
    expect(limiter.stats).toMatchObject({ keys: 0, rejected: 1 });
    const held = limiter.tryAcquire("f");
    const controller = new AbortController();
    const waiting = watch(limiter.acquire("f", { signal: controller.signal }));
    held?.release();
    await settled();
    expect(limiter.inUse("f")).toBe(1);
    waiting.value?.release();
    expect(limiter.stats.keys).toBe(0);
  });

  it("keys that are never seen together share the same few limiters, and never each other's permits", async () => {
    const limiter = new KeyedLimiter({ limit: 1 });
    for (let i = 0; i < 1_000; i += 1) {
      const one = limiter.tryAcquire(`a${i}`);
      const other = limiter.tryAcquire(`b${i}`);
      expect(limiter.tryAcquire(`a${i}`)).toBeUndefined();
      one?.release();
      one?.release();
      expect(limiter.inUse(`b${i}`)).toBe(1);
      other?.release();
    }
    expect(limiter.stats.keys).toBe(0);
  });

  it("work may use the registry, for the same key and for others", async () => {
    const limiter = new KeyedLimiter({ limit: 2 });
    const result = await limiter.run("a", () => limiter.run("a", () => limiter.run("b", async () => limiter.stats.keys)));
    expect(result).toBe(2);
    expect(limiter.stats.keys).toBe(0);
  });

  it("one key more than may be in use is refused, told, and admitted when another is idle", async () => {
    const limiter = new KeyedLimiter({ name: "tenants", limit: 1, maxKeys: 2 });
    const reasons: string[] = [];
    limiter.on("rejected", ({ reason }) => reasons.push(reason));
    const held = limiter.tryAcquire("a");
    limiter.tryAcquire("b");
    expect(limiter.tryAcquire("c")).toBeUndefined();
    expect(await errorOf(limiter.acquire("c"))).toMatchObject({ reason: "overloaded", source: "tenants", message: "limiter tenants has 2 keys in use, and takes no other" });
    expect(await errorOf(limiter.run("c", async () => 1))).toMatchObject({ reason: "overloaded" });
    expect(reasons).toEqual(["overloaded", "overloaded"]);
    held?.release();
    expect(limiter.tryAcquire("c")).toBeDefined();
  });

  it("the layer limits by what keyOf says, and passes on what it throws", async () => {
    const limiter = new KeyedLimiter({ limit: 1, queueLimit: 0 });
    const oops = new Error("no host");
    const keyOf = (input: { host: string }): LimiterKey => {
      if (input.host === "") throw oops;
      return input.host;
    };
    const service = limiter.layer(keyOf)(async ({ host }: { host: string }) => host);
    const answers = await Promise.allSettled(["x", "x", "y", ""].map((host) => service({ host }, {})));
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
    expect(answers[3]).toMatchObject({ reason: oops });
  });

  it("the layer keeps the types of input and answer", async () => {
    const limiter = new KeyedLimiter({ limit: 1 });
    const service = limiter.layer((input: { host: string }) => input.host)(async ({ host }) => host.length);
    expectTypeOf(service({ host: "x" }, {})).toEqualTypeOf<Promise<number>>();
    expect(await service({ host: "four" }, {})).toBe(4);
  });

  it("B21: keys that look like members of an object are keys like others", () => {
    const limiter = new KeyedLimiter({ limit: 1 });
    for (const key of ["__proto__", "constructor", "", "😀", "x".repeat(10_000)]) {
      const permit = limiter.tryAcquire(key);
      expect(permit).toBeDefined();
      expect(limiter.tryAcquire(key)).toBeUndefined();
      permit?.release();
    }
    expect(limiter.stats.keys).toBe(0);
  });

  it("wrong options are refused at construction", () => {
    expect(() => new KeyedLimiter({ limit: 1, maxKeys: 0 })).toThrow("maxKeys must be a whole number from 1 to Infinity, got 0");
    expect(() => new KeyedLimiter({ limit: -1 })).toThrow(RangeError);
    // @ts-expect-error callers without types exist
    expect(() => new KeyedLimiter({ limit: 1 }).layer("host")).toThrow(TypeError);
  });
});
