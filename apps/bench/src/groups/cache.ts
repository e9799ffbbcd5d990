import { Cache, type CacheOptions } from "@breakwater/cache";
import { CoarseClock } from "@breakwater/core";
import { LRUCache } from "lru-cache";
import { verify, type Candidate, type Case, type Run } from "../candidate.ts";
import { work } from "./work.ts";

const keys = Array.from({ length: 1_000 }, (_, index) => `key ${index}`);
const callers = 100;

/** Asks for one key after the other. */
function inTurn(get: (key: string) => Promise<unknown>): Run {
  return async (count) => { for (let i = 0; i < count; i += 1) await get(keys[i % 1_000] ?? ""); };
}

/** A hundred ask for a key at the same time, and it is forgotten again. */
function atOnce(get: (key: string) => Promise<unknown>, forget: () => void): Run {
  return async (count) => {
    for (let asked = 0; asked < count; asked += callers) {
      const answers: Promise<unknown>[] = [];
      for (let i = asked; i < Math.min(count, asked + callers); i += 1) answers.push(get("key"));
      await Promise.all(answers);
      forget();
    }
  };
}

async function cacheOf(options: Partial<CacheOptions<string, number>> = {}): Promise<Cache<string, number>> {
  const cache = new Cache<string, number>({ ttlMs: 3_600_000, load: work, ...options });
  for (const key of keys) await cache.get(key);
  await cache.get("key 1");
  verify(cache.stats.hits === 1 && cache.stats.entries === 1_000, "what was loaded is kept");
  return cache;
}

async function lruOf(): Promise<LRUCache<string, number>> {
  const cache = new LRUCache<string, number>({ max: 10_000, ttl: 3_600_000, fetchMethod: work });
  for (const key of keys) await cache.fetch(key);
  verify(cache.size === 1_000, "what was loaded is kept");
  return cache;
}

const floor: Candidate = { name: "await work()", kind: "floor", prepare: () => inTurn(work) };

const hits: Case = {
  group: "cache",
  name: "the value is fresh, 1,000 keys",
  candidates: [
    floor,
    {
      name: "get",
      kind: "ours",
      prepare: async () => {
        const cache = await cacheOf();
        return inTurn((key) => cache.get(key));
      },
    },
    {
      name: "get, coarse clock of 10 ms",
      kind: "ours",
      prepare: async () => {
        const cache = await cacheOf({ clock: new CoarseClock(10) });
        return inTurn((key) => cache.get(key));
      },
    },
    {
      name: "layer",
      kind: "ours",
      prepare: async () => {
        const cache = await cacheOf();
        const service = cache.layer((key: string) => key)(work);
        return inTurn((key) => service(key, {}));
      },
    },
    {
      name: "lru-cache, fetch",
      kind: "rival",
      package: "lru-cache",
      prepare: async () => {
        const cache = await lruOf();
        return inTurn((key) => cache.fetch(key));
      },
    },
    {
      name: "a Map without end, async function",
      kind: "rival",
      prepare: () => {
        const kept = new Map(keys.map((key) => [key, 1]));
        return inTurn(async (key) => kept.get(key));
      },
    },
  ],
};

const crowds: Case = {
  group: "cache",
  name: "a hundred callers of one key, one load",
  candidates: [
    {
      name: "all await one promise",
      kind: "floor",
      prepare: () => {
        let shared: Promise<number> | undefined;
        return atOnce(() => (shared ??= work()), () => (shared = undefined));
      },
    },
    {
      name: "get",
      kind: "ours",
      prepare: () => {
        const cache = new Cache<string, number>({ ttlMs: 3_600_000, load: work });
        return atOnce((key) => cache.get(key), () => void cache.delete("key"));
      },
    },
    {
      name: "get, each with a deadline",
      kind: "ours",
      prepare: () => {
        const cache = new Cache<string, number>({ ttlMs: 3_600_000, load: work });
        const call = { deadlineAt: performance.now() + 3_600_000 };
        return atOnce((key) => cache.get(key, call), () => void cache.delete("key"));
      },
    },
    {
      name: "lru-cache, fetch",
      kind: "rival",
      package: "lru-cache",
      prepare: () => {
        const cache = new LRUCache<string, number>({ max: 10_000, ttl: 3_600_000, fetchMethod: work });
        return atOnce((key) => cache.fetch(key), () => void cache.delete("key"));
      },
    },
  ],
};

const misses: Case = {
  group: "cache",
  name: "the value is loaded each time, 1,000 keys through 100 places",
  candidates: [
    floor,
    {
      name: "get",
      kind: "ours",
      prepare: () => {
        const cache = new Cache<string, number>({ ttlMs: 3_600_000, maxEntries: 100, load: work });
        return inTurn((key) => cache.get(key));
      },
    },
    {
      name: "lru-cache, fetch",
      kind: "rival",
      package: "lru-cache",
      prepare: () => {
        const cache = new LRUCache<string, number>({ max: 100, ttl: 3_600_000, fetchMethod: work });
        return inTurn((key) => cache.fetch(key));
      },
    },
  ],
};

export const cacheCases: readonly Case[] = [hits, crowds, misses];
