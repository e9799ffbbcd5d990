import { Cache, CacheExpiredError, CacheTimeoutError, type CacheStats, type SecondLevelStore } from "@breakwater/cache";
import { redisStore, type RedisClient } from "@breakwater/cache/redis";
import type { Call, RejectedError, Service } from "@breakwater/core";
import type { Cluster, Redis } from "ioredis";
import { expect, expectTypeOf, it } from "vitest";

interface User {
  readonly id: number;
}

it("keys and values are those of the load", () => {
  const cache = new Cache({ ttlMs: 1, load: async (id: number): Promise<User> => ({ id }) });
  expectTypeOf(cache).toEqualTypeOf<Cache<number, User>>();
  expectTypeOf(cache.get(1)).toEqualTypeOf<Promise<User>>();
  expectTypeOf(cache.peek(1)).toEqualTypeOf<User | undefined>();
  // @ts-expect-error: keys are numbers
  void cache.get("1").catch(() => undefined);
  // @ts-expect-error: values are users
  void cache.get(1, () => "text");
  new Cache<string, User>({ ttlMs: 1 }).set("a", { id: 1 });
});

it("the layer keeps the call's type, and fits round services that answer what is kept", () => {
  const cache = new Cache<string, User>({ ttlMs: 1 });
  const layer = cache.layer((id: number) => String(id));
  const service = layer(async (id: number, call: Call & { readonly user: string }) => ({ id, name: call.user }));
  expectTypeOf(service).toEqualTypeOf<Service<number, User, Call & { readonly user: string }>>();
  // @ts-expect-error: a text is no user
  layer(async (id: number) => String(id));
  const asking = cache.layer((id: number, call: Call & { readonly user: string }) => `${call.user} ${id}`)(async (id: number, { priority = 0 }: Call) => ({ id: id + priority }));
  // What keyOf reads, the caller has to bring, also where the service asks for less.
  expectTypeOf(asking).toEqualTypeOf<Service<number, User, Call & { readonly user: string }>>();
});

it("stats, events and errors say what they hold", () => {
  const cache = new Cache<string, User>({ ttlMs: 1 });
  expectTypeOf(cache.stats).toEqualTypeOf<CacheStats>();
  cache.on("loaded", ({ value }) => expectTypeOf(value).toEqualTypeOf<User>());
  cache.on("loadFailed", ({ error }) => expectTypeOf(error).toBeUnknown());
  // @ts-expect-error: no such event
  cache.on("load", () => undefined);
  expectTypeOf<CacheExpiredError>().toExtend<RejectedError>();
  expectTypeOf<CacheExpiredError["code"]>().toEqualTypeOf<"ERR_CACHE_EXPIRED">();
  expectTypeOf<CacheTimeoutError["code"]>().toEqualTypeOf<"ERR_CACHE_TIMEOUT">();
});

it("a second level is any three functions, such as those over the clients of ioredis", () => {
  expectTypeOf<Redis>().toExtend<RedisClient>();
  expectTypeOf<Redis<"resp3">>().toExtend<RedisClient>();
  expectTypeOf<Cluster>().toExtend<RedisClient>();
  expectTypeOf(redisStore).returns.toEqualTypeOf<SecondLevelStore>();
  const store = { get: async () => undefined, set: async () => "OK", delete: async () => 1 };
  const cache = new Cache<number, User>({ ttlMs: 1, secondLevel: { store, prefix: "users", keyOf: (id) => id.toFixed(), serialize: ({ id }) => id.toFixed() } });
  cache.on("secondLevelFailed", ({ operation }) => expectTypeOf(operation).toEqualTypeOf<"get" | "set" | "delete">());
  // @ts-expect-error: values without a prefix would be everybody's
  expect(() => new Cache({ ttlMs: 1, secondLevel: { store } })).toThrow("secondLevel.prefix must be a string, got undefined");
});
