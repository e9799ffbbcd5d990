import type { Pool } from "@breakwater/pool";
import { pgPool, type PgClient } from "@breakwater/pool/pg";
import { settled } from "@breakwater/core/testing";
import pg from "pg";
import { describe, expect, expectTypeOf, it } from "vitest";
import { FakeClient, never, PlainClient, sqlError } from "./fake-client.ts";
import { at, fakes } from "./harness.ts";

describe("types", () => {
  it("pg's own Client is a client, also one that somebody derived", () => {
    class Tagged extends pg.Client {
      readonly tag = "mine";
    }
    expectTypeOf<pg.Client>().toExtend<PgClient>();
    const pool = pgPool({ client: () => new Tagged() });
    expectTypeOf(pool).toEqualTypeOf<Pool<Tagged>>();
    // @ts-expect-error what cannot be asked anything is none
    expect(() => pgPool({ client: () => ({}) })).not.toThrow();
  });

  it("the hooks are the pool's own", () => {
    // @ts-expect-error left out of the options
    pgPool({ client: () => new pg.Client(), validate: () => true });
  });
});

describe("the listeners of a connection", () => {
  it("are there before the connect and gone after the end", async () => {
    let atConnect = 0;
    const { pool, clients } = fakes({}, (client) => {
      client.connects = async () => void (atConnect = client.listenerCount("error"));
    });
    await pool.use(() => undefined);
    expect(atConnect).toBe(1);
    expect(at(clients, 0).listenerCount("error")).toBe(1);
    await pool.close();
    expect([at(clients, 0).isEnded, at(clients, 0).listening]).toEqual([true, 0]);
  });

  it("take an error during the connect, during the goodbye, and after it until the end", async () => {
    const { pool, clients } = fakes({}, (client) => {
      client.connects = async () => {
        client.emit("error", new Error("early"));
        throw new Error("refused");
      };
    });
    await expect(pool.acquire()).rejects.toThrow("refused");
    expect([at(clients, 0).isCut, at(clients, 0).listening]).toEqual([true, 0]);
    const other = fakes({}, (client) => {
      client.ends = async () => {
        client.emit("error", new Error("late"));
        await settled();
        client.emit("error", new Error("later"));
      };
    });
    await other.pool.use(() => undefined);
    expect(await other.pool.close()).toMatchObject({ destroyFailures: 0 });
    expect(at(other.clients, 0).listening).toBe(0);
  });

  it("are gone from the connection that cancelled, too", async () => {
    const { pool, clients } = fakes({}, (client, index) => {
      client.answers = () => {
        if (index === 0) return never;
        at(clients, 0).emit("end"); // the query can never end; the connection does
        return undefined;
      };
    });
    const controller = new AbortController();
    pool.use((client) => client.query("long"), { signal: controller.signal }).catch(() => undefined);
    await settled();
    controller.abort();
    await settled();
    expect(clients.map(({ listening }) => listening)).toEqual([0, 0]);
  });
});

describe("a connection that breaks", () => {
  it("is destroyed at once when it is idle, on an error", async () => {
    const { pool, clients } = fakes();
    const told: unknown[] = [];
    pool.on("destroyed", ({ reason, error }) => told.push(reason, error));
    await pool.use(() => undefined);
    const error = new Error("reset by peer");
    at(clients, 0).emit("error", error);
    await settled();
    expect(told).toEqual(["broken", error]);
    expect(pool.stats.size).toBe(0);
  });

  it("is destroyed at once when it is idle, on an end without a word", async () => {
    const { pool, clients } = fakes();
    await pool.use(() => undefined);
    at(clients, 0).emit("end");
    await settled();
    expect(pool.stats).toMatchObject({ size: 0, destroyedBecause: { broken: 1 } });
  });

  it("is not lent again when it breaks in use, though its borrower noticed nothing", async () => {
    const { pool, clients } = fakes();
    await pool.use((client) => client.emit("error", new Error("gone")));
    await pool.use(() => undefined);
    expect(clients.length).toBe(2);
    expect(pool.stats.destroyedBecause).toEqual({ broken: 1 });
  });

  it("is told by the error of its query, and an error of SQL keeps it", async () => {
    const { pool, clients } = fakes();
    await expect(pool.use(() => Promise.reject(sqlError("23505")))).rejects.toThrow("23505");
    await expect(pool.use(() => Promise.reject(sqlError("08006")))).rejects.toThrow("08006");
    await pool.use(() => undefined);
    expect([clients.length, pool.stats.destroyedBecause]).toEqual([2, { broken: 1 }]);
    const own = fakes({ destroyOn: () => false });
    await expect(own.pool.use(() => Promise.reject(sqlError("08006")))).rejects.toThrow("08006");
    expect(own.pool.stats.idle).toBe(1);
  });
});

describe("a connect", () => {
  it("that takes longer than ten seconds is cut, and its place is free, though it never settles", async () => {
    const { pool, clients, clock } = fakes({}, (client) => (client.connects = () => never));
    const asked = pool.acquire().catch((error: unknown) => error);
    await clock.advanceAsync(9_999);
    expect(at(clients, 0).isCut).toBe(false);
    await clock.advanceAsync(1);
    expect(await asked).toMatchObject({ code: "ERR_POOL_FACTORY_TIMEOUT", step: "create", timeoutMs: 10_000 });
    expect([at(clients, 0).isCut, pool.stats.size]).toEqual([true, 0]);
  });

  it("is cut when the pool closes", async () => {
    const { pool, clients, clock } = fakes({}, (client) => (client.connects = () => never));
    const asked = pool.acquire().catch((error: unknown) => error);
    await settled();
    expect(await pool.close()).toEqual({ revoked: 0, abandoned: 0, destroyFailures: 0 });
    expect(await asked).toMatchObject({ code: "ERR_POOL_CLOSED" });
    expect([at(clients, 0).isCut, clock.pendingTimers]).toEqual([true, 0]);
  });

  it("that fails leaves no socket, and its caller gets the very error", async () => {
    const refused = sqlError("28P01", "FATAL");
    const { pool, clients } = fakes({}, (client) => (client.connects = () => Promise.reject(refused)));
    await expect(pool.acquire()).rejects.toBe(refused);
    expect(at(clients, 0).isCut).toBe(true);
  });

  it("is not begun when making the client fails", async () => {
    const { pool } = fakes({}, () => {
      throw new Error("no configuration");
    });
    await expect(pool.acquire()).rejects.toThrow("no configuration");
    expect(pool.stats.size).toBe(0);
  });
});

describe("a goodbye", () => {
  it("that hangs is cut before the pool gives it up", async () => {
    const { pool, clients, clock } = fakes({ destroyTimeoutMs: 1_000 }, (client) => {
      client.ends = () => new Promise((resolve) => client.on("end", resolve));
    });
    await pool.use(() => undefined);
    const closed = pool.close();
    await clock.advanceAsync(799);
    expect(at(clients, 0).isCut).toBe(false);
    await clock.advanceAsync(1);
    expect(at(clients, 0).isCut).toBe(true);
    expect(await closed).toMatchObject({ destroyFailures: 0 });
    expect(clock.pendingTimers).toBe(0);
  });

  it("that hangs is cut though the pool would wait for ever", async () => {
    const { pool, clients, clock } = fakes({ destroyTimeoutMs: Infinity }, (client) => (client.ends = () => never));
    await pool.use(() => undefined);
    void pool.close();
    await clock.advanceAsync(4_000);
    expect([at(clients, 0).isCut, at(clients, 0).listening]).toEqual([true, 0]);
  });

  it("that fails is cut at once", async () => {
    const { pool, clients } = fakes({}, (client) => (client.ends = () => Promise.reject(new Error("no"))));
    await pool.use(() => undefined);
    expect(await pool.close()).toMatchObject({ destroyFailures: 0 });
    expect(at(clients, 0).isCut).toBe(true);
  });

  it("is all there is for a client without a socket to cut", async () => {
    const made: PlainClient[] = [];
    const make = (): PlainClient => {
      const client = new PlainClient();
      made.push(client);
      return client;
    };
    const pool = pgPool({ client: make, max: 1 });
    await pool.use(() => undefined);
    await settled();
    expect(made[0]?.queries).toEqual(["ROLLBACK"]); // nobody can know
    await pool.close();
    expect(made[0]?.ends).toBe(1);
  });
});

describe("what is idle", () => {
  it("is asked SELECT 1 before it is lent after half a second, and every two minutes", async () => {
    const { pool, clients, clock } = fakes({ min: 1 });
    await pool.use(() => undefined);
    await clock.advanceAsync(499);
    await pool.use(() => undefined);
    expect(at(clients, 0).queries).toEqual([]);
    await clock.advanceAsync(500);
    await pool.use(() => undefined);
    expect(at(clients, 0).queries).toEqual(["SELECT 1"]);
    await clock.advanceAsync(120_000);
    expect(at(clients, 0).queries).toEqual(["SELECT 1", "SELECT 1"]);
  });

  it("goes when it does not answer", async () => {
    const { pool, clients, clock } = fakes({}, (client, index) => (client.answers = () => (index === 0 ? Promise.reject(sqlError("57P01")) : undefined)));
    await pool.use(() => undefined);
    clock.advance(500);
    await pool.use(() => undefined);
    expect([clients.length, pool.stats.destroyedBecause]).toEqual([2, { invalid: 1 }]);
  });

  it("goes after half an hour", async () => {
    const { pool, clock } = fakes({ min: 1, idleTimeoutMs: Infinity, lifetimeJitter: 0 });
    await pool.start();
    await clock.advanceAsync(1_799_999);
    expect(pool.stats.destroyed).toBe(0);
    await clock.advanceAsync(1);
    expect(pool.stats.destroyedBecause).toEqual({ expired: 1 });
  });
});

describe("options", () => {
  it("that are wrong are refused, naming option and value", () => {
    const client = (): FakeClient => new FakeClient();
    // @ts-expect-error JavaScript callers may pass anything
    expect(() => pgPool({ client, resetPolicy: "scrub" })).toThrow(new RangeError('resetPolicy must be "rollback", "discard" or "none", got scrub'));
    // @ts-expect-error JavaScript callers may leave anything out
    expect(() => pgPool({})).toThrow(TypeError);
    expect(() => pgPool({ client, max: 0 })).toThrow(RangeError);
    expect(() => pgPool({ client, destroyTimeoutMs: Number.NaN })).toThrow(/destroyTimeoutMs/);
  });

  it("that are undefined hide no default", async () => {
    const { pool, clock } = fakes({ createTimeoutMs: undefined, destroyOn: undefined, resetPolicy: undefined }, (client) => (client.connects = () => never));
    const asked = pool.acquire().catch((error: unknown) => error);
    await clock.advanceAsync(10_000);
    expect(await asked).toMatchObject({ timeoutMs: 10_000 });
  });
});
