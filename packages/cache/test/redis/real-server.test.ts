import { Cache, type CacheOptions } from "@breakwater/cache";
import { redisStore } from "@breakwater/cache/redis";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TestServer, until, whyNoServer } from "./server.ts";

const why = whyNoServer();
const pauseMs = 100;

describe.skipIf(why !== undefined)(`against a real Redis${why === undefined ? "" : `: ${why}`}`, () => {
  let server: TestServer;
  const clients: Redis[] = [];
  let prefix = "";
  let tests = 0;

  beforeAll(async () => {
    server = await TestServer.start();
  });
  beforeEach(() => {
    tests += 1;
    prefix = `test-${tests}`;
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect();
  });
  afterAll(() => server.stop());

  async function connected(): Promise<Redis> {
    // As the README says; and back soon, for a test.
    const client = new Redis({ port: server.port, host: "127.0.0.1", enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0, retryStrategy: () => 20 });
    client.on("error", () => undefined); // it is to be killed
    clients.push(client);
    await until(() => client.status === "ready");
    return client;
  }

  async function process(options: Partial<CacheOptions<string, string>> = {}): Promise<{ cache: Cache<string, string>; client: Redis; loads: string[] }> {
    const client = await connected();
    const loads: string[] = [];
    const load = async (key: string): Promise<string> => (loads.push(key), `${key} ${loads.length}`);
    const secondLevel = { store: redisStore(client), prefix, timeoutMs: 1_000, pauseMs, failureThreshold: 3 };
    return { cache: new Cache({ ttlMs: 60_000, jitterRatio: 0, load, secondLevel, ...options }), client, loads };
  }

  it("what one process has loaded another gets from there, with what is left of its time", async () => {
    const [one, other] = [await process(), await process()];
    expect(await one.cache.get("a")).toBe("a 1");
    await one.cache.idle();
    expect(await other.cache.get("a")).toBe("a 1");
    expect(other.loads).toEqual([]);
    const leftMs = await one.client.pttl(`${prefix}:v1:a`);
    expect(leftMs).toBeGreaterThan(50_000);
    expect(leftMs).toBeLessThanOrEqual(60_000);
    await one.client.pexpire(`${prefix}:v1:a`, 1);
    const third = await process();
    await until(async () => (await one.client.exists(`${prefix}:v1:a`)) === 0);
    expect(await third.cache.get("a")).toBe("a 1"); // its own first load
    expect(third.loads).toEqual(["a"]);
  });

  it("a value is stale for another process when the server's clock says so", async () => {
    const [one, other] = [await process({ staleWhileRevalidateMs: 30_000 }), await process({ staleWhileRevalidateMs: 30_000 })];
    await one.cache.get("a");
    await one.cache.idle();
    await one.client.pexpire(`${prefix}:v1:a`, 20_000); // as if 70 of the 90 s were over
    expect(await other.cache.get("a")).toBe("a 1");
    expect(other.cache.stats).toMatchObject({ secondLevelHits: 1, refreshes: 1 });
    await until(() => other.cache.stats.inFlight === 0);
    expect(other.loads).toEqual(["a"]);
    await other.cache.idle();
    expect(await one.client.pttl(`${prefix}:v1:a`)).toBeGreaterThan(80_000);
  });

  it("delete is for all, set replaces, and what is kept for good has no time to live", async () => {
    const [one, other] = [await process({ ttlMs: Infinity }), await process({ ttlMs: Infinity })];
    one.cache.set("a", "set");
    await one.cache.idle();
    expect(await one.client.pttl(`${prefix}:v1:a`)).toBe(-1);
    expect(await other.cache.get("a")).toBe("set");
    one.cache.delete("a");
    await one.cache.idle();
    expect(await one.client.exists(`${prefix}:v1:a`)).toBe(0);
  });

  it("texts of any kind, and large ones, come back as they were", async () => {
    const [one, other] = [await process(), await process()];
    const texts = ["", "\r\n", "\0", "ü€😀", "1 x 1 1 1\n", "x".repeat(1_000_000)];
    texts.forEach((text, index) => one.cache.set(`${index}\n é`, text));
    await one.cache.idle();
    for (const [index, text] of texts.entries()) expect(await other.cache.get(`${index}\n é`)).toBe(text);
    expect(other.loads).toEqual([]);
  });

  it("answers keep coming while the server is killed in the middle, and it is used again when it is back", async () => {
    const { cache, loads } = await process();
    const [other] = [await process()];
    await cache.get("before");
    const running = Array.from({ length: 50 }, (_, index) => cache.get(`running ${index}`));
    await server.kill();
    expect(new Set(await Promise.all(running)).size).toBe(50);
    for (let index = 0; index < 50; index += 1) expect(await cache.get(`down ${index}`)).toMatch(/^down/);
    expect(await cache.get("before")).toBe("before 1"); // of the first level
    cache.delete("before");
    expect(cache.stats.secondLevelFailures).toBeGreaterThan(0);
    expect(cache.stats.isSecondLevelPaused).toBe(true);
    const asked = loads.length;
    void cache.get("at once");
    expect(loads).toHaveLength(asked + 1); // in the turn of the call

    await server.run();
    let tries = 0;
    await until(async () => (await cache.get(`back ${(tries += 1)}`), !cache.stats.isSecondLevelPaused));
    await until(async () => (await cache.get(`again ${(tries += 1)}`), await cache.idle(), (await other.cache.get(`again ${tries}`)) === `again ${tries} ${loads.length}`));
    expect(other.cache.stats.secondLevelHits).toBeGreaterThan(0);
    expect(cache.stats.loadErrors).toBe(0);
  });

  it("a server that hangs delays a call by the bounded wait, few calls at all, and is used again when it goes on", async () => {
    const secondLevel = { store: redisStore(await connected()), prefix, timeoutMs: 30, pauseMs, failureThreshold: 3 };
    const { cache, loads } = await process({ secondLevel });
    cache.set("deleted", "old");
    await cache.idle();
    server.freeze();
    try {
      cache.delete("deleted");
      const first = ["a", "b", "c", "d"].map((key) => cache.get(key));
      expect(loads).toEqual([]); // they wait
      const began = performance.now();
      await Promise.all(first);
      expect(performance.now() - began).toBeLessThan(3_000); // 30, and what a busy machine adds; the server would hang for ever
      expect(cache.stats.isSecondLevelPaused).toBe(true);
      for (let index = 0; index < 100; index += 1) {
        const asked = loads.length;
        const answer = cache.get(`paused ${index}`);
        if (loads.length === asked) expect(cache.stats.secondLevelFailures).toBeGreaterThan(3); // the one that tries it
        await answer;
      }
      expect(loads).toHaveLength(104);
    } finally {
      server.thaw();
    }
    let tries = 0;
    await until(async () => (await cache.get(`back ${(tries += 1)}`), !cache.stats.isSecondLevelPaused));
    await until(async () => (await cache.idle(), (await cache.get("deleted")) !== "old"));
    expect(cache.stats).toMatchObject({ loadErrors: 0, inFlight: 0 });
  });

  it("what makes the server refuse writes costs no answer", async () => {
    const { cache, client } = await process();
    await client.config("SET", "maxmemory", "1");
    try {
      expect(await cache.get("a")).toBe("a 1");
      await cache.idle();
      expect(cache.stats).toMatchObject({ secondLevelMisses: 1, secondLevelFailures: 1 });
    } finally {
      await client.config("SET", "maxmemory", "0");
    }
  });

  it("a client that is closed is no harm to whoever goes on asking", async () => {
    const { cache, client } = await process();
    await cache.get("a");
    await cache.idle();
    client.disconnect();
    expect(await cache.get("b")).toBe("b 2");
    expect(await cache.get("a")).toBe("a 1");
  });
});
