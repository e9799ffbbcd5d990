import type { SecondLevelStore, StoredText } from "../second-level/store.ts";

/** What is needed of a client; `Redis` and `Cluster` of the package `ioredis`, 5 or newer, are such. */
export interface RedisClient {
  /** With ioredis: whether it is connected. Without it, the client is asked in any case. */
  readonly status?: string;
  get(key: string): Promise<string | null>;
  pttl(key: string): Promise<number>;
  set(key: string, value: string): Promise<unknown>;
  set(key: string, value: string, unit: "PX", ms: number): Promise<unknown>;
  del(key: string): Promise<unknown>;
}

/** It has begun to connect, or lost its connection. What one asks for now would wait in a line, and be done when it is of no use any more. */
const absent = new Set(["connecting", "connect", "reconnecting", "close", "end"]);

/**
 * Redis, or Valkey, as the second level of a cache. Nothing is kept here, so one client serves any number of caches, and the
 * application too.
 *
 * The time to live is asked for before the value, on the same connection: if somebody writes in between, the new value gets the shorter
 * time of the old one, and never the other way round.
 */
export function redisStore(client: RedisClient): SecondLevelStore {
  checkClient(client);
  return {
    get: async (key): Promise<StoredText | undefined> => {
      checkConnection(client);
      const [remainingMs, text] = await Promise.all([client.pttl(key), client.get(key)]);
      if (text === null || remainingMs === -2) return undefined; // there was no such key
      return { text, remainingMs: remainingMs === -1 ? Infinity : remainingMs };
    },
    set: async (key, text, ttlMs) => {
      checkConnection(client);
      // Redis counts in whole ms; rather a little less than more.
      return ttlMs === Infinity ? client.set(key, text) : client.set(key, text, "PX", Math.max(Math.floor(ttlMs), 1));
    },
    delete: async (key) => {
      checkConnection(client);
      return client.del(key);
    },
  };
}

function checkClient(client: unknown): void {
  if (typeof client !== "object" || client === null) throw new TypeError(`client must be an object, got ${client === null ? "null" : typeof client}`);
  const { get, pttl, set, del }: Partial<Record<keyof RedisClient, unknown>> = client;
  for (const [method, value] of Object.entries({ get, pttl, set, del })) {
    if (typeof value !== "function") throw new TypeError(`client.${method} must be a function, got ${typeof value}`);
  }
}

function checkConnection({ status }: RedisClient): void {
  if (status !== undefined && absent.has(status)) throw new Error(`the Redis client is not connected: its status is "${status}"`);
}
