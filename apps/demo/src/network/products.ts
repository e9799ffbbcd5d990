import { Cache } from "@breakwater/cache";
import { redisStore } from "@breakwater/cache/redis";
import type { Call, Meter } from "@breakwater/core";
import { Redis } from "ioredis";
import type { Database } from "./database.ts";
import type { ServiceConfig } from "./service-config.ts";

/** Products, read through two levels: this process' memory, Redis for both processes, PostgreSQL for what neither has. */
export class Products {
  readonly cache: Cache<number, string>;
  readonly #redis: Redis | undefined;

  constructor({ redisPort, breakMs }: ServiceConfig, database: Database, meter: Meter) {
    this.#redis = redisPort === undefined ? undefined : connection(redisPort);
    this.cache = new Cache<number, string>({
      name: "products",
      load: (id, call) => database.product(id, call),
      ttlMs: 1_000,
      staleWhileRevalidateMs: 2_000,
      staleIfErrorMs: 600_000, // an old product is better than none
      refreshBackoffMs: 200,
      meter,
      ...(this.#redis && { secondLevel: { store: redisStore(this.#redis), prefix: "demo:products", timeoutMs: 100, failureThreshold: 3, pauseMs: breakMs } }),
    });
  }

  get(id: number, call: Call): Promise<string> {
    return this.cache.get(id, call);
  }

  /** Nobody waits for Redis: whether it is there or not, requests are answered. */
  start(): void {
    void this.#redis?.connect().catch(() => undefined);
  }

  async stop(): Promise<void> {
    await this.cache.idle();
    this.#redis?.disconnect();
  }
}

function connection(port: number): Redis {
  const client = new Redis({
    host: "127.0.0.1",
    port,
    lazyConnect: true,
    enableOfflineQueue: false, // what cannot be asked now is of no use later
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(50 * times, 250),
  });
  client.on("error", () => undefined); // the cache hears of it from each operation
  return client;
}
