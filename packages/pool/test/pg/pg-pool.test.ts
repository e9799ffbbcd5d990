import { pgPool, type PgPoolOptions } from "@breakwater/pool/pg";
import { settled } from "@breakwater/core/testing";
import { createServer } from "node:net";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { sleep, TestServer } from "./server.ts";

let server: TestServer;
let pool: ReturnType<typeof make>;

beforeAll(async () => {
  server = await TestServer.start();
}, 60_000);
afterEach(() => pool.close({ graceMs: 0 }));
afterAll(() => server.stop());

function make(options: Partial<PgPoolOptions<pg.Client>> = {}) {
  return pgPool({ client: () => server.client(), max: 4, name: "test", ...options });
}

const pidOf = async (client: pg.Client): Promise<number | undefined> =>
  (await client.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]?.pid;

/** Until it is so, a few seconds at most: things of the outside take their time. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500 && !(await isSo()); tries += 1) await sleep(10);
  expect(await isSo()).toBe(true);
}

describe("a pool of PostgreSQL connections", () => {
  it("keeps the type of the client", async () => {
    pool = make();
    const client = await pool.use((own) => own);
    expectTypeOf(client).toEqualTypeOf<pg.Client>();
  });

  it("answers queries over connections that it keeps", async () => {
    pool = make();
    const pids = new Set<number | undefined>();
    for (let i = 0; i < 10; i += 1) pids.add(await pool.use(pidOf));
    expect(pids.size).toBe(1);
  });

  it("rolls back what was left open, whether it had failed or not", async () => {
    pool = make({ max: 1 });
    await pool.use((client) => client.query("create table if not exists kept (id int primary key)"));
    await pool.use(async (client) => {
      await client.query("begin");
      await client.query("insert into kept values (1)");
    });
    const failed = pool.use(async (client) => {
      await client.query("begin");
      await client.query("insert into kept values (2), (2)");
    });
    await expect(failed).rejects.toMatchObject({ code: "23505" });
    expect((await pool.use((client) => client.query("select * from kept"))).rowCount).toBe(0);
    expect(pool.stats).toMatchObject({ created: 1, destroyed: 0 });
  });

  it("sends nothing where no transaction is open, and everything is forgotten with discard", async () => {
    pool = make({ max: 1 });
    const before = await pool.use((client) => client.query("set application_name = 'mine'"));
    expect(before.command).toBe("SET");
    expect((await pool.use((client) => client.query<{ application_name: string }>("show application_name"))).rows[0]?.application_name).toBe("mine");
    await pool.close();
    pool = make({ max: 1, resetPolicy: "discard" });
    await pool.use(async (client) => {
      await client.query("set application_name = 'mine'");
      await client.query("create temporary table secret (id int)");
      await client.query("begin");
    });
    expect((await pool.use((client) => client.query<{ application_name: string }>("show application_name"))).rows[0]?.application_name).toBe("");
    await expect(pool.use((client) => client.query("select * from secret"))).rejects.toMatchObject({ code: "42P01" });
    expect(pool.stats.created).toBe(1);
  });

  it("waits for a query that was left running before anybody else gets the connection", async () => {
    pool = make({ max: 1 });
    let left: Promise<unknown> | undefined;
    await pool.use((client) => {
      left = client.query("select pg_sleep(0.2)");
    });
    const pid = await pool.use(pidOf);
    await left;
    expect([typeof pid, pool.stats.created]).toEqual(["number", 1]);
  });

  it("gives up a connection whose query does not end within the time of a reset", async () => {
    pool = make({ max: 1, resetTimeoutMs: 100 });
    let left: Promise<unknown> | undefined;
    await pool.use((client) => {
      left = client.query("select pg_sleep(30)").catch((error: unknown) => error);
    });
    expect(typeof (await pool.use(pidOf))).toBe("number");
    expect(await left).toBeInstanceOf(Error);
    expect(pool.stats).toMatchObject({ created: 2, destroyedBecause: { unresettable: 1 } });
  });

  it("notices at once that an idle connection was ended by the server", async () => {
    pool = make({ max: 1 });
    const pid = await pool.use(pidOf);
    await server.ask("select pg_terminate_backend($1)", [pid]);
    await until(() => pool.stats.size === 0);
    expect(pool.stats.destroyedBecause).toEqual({ broken: 1 });
    expect(await pool.use(pidOf)).not.toBe(pid);
  });

  it("gives up a connection that breaks in use, and keeps one whose SQL was wrong", async () => {
    pool = make({ max: 1 });
    const broken = pool.use(async (client) => {
      const pid = await pidOf(client);
      await server.ask("select pg_terminate_backend($1)", [pid]);
      await client.query("select 1");
    });
    await expect(broken).rejects.toThrow();
    await expect(pool.use((client) => client.query("select 1/0"))).rejects.toMatchObject({ code: "22012" });
    expect(await pool.use(pidOf)).toBeTypeOf("number");
    expect(pool.stats).toMatchObject({ created: 2, destroyed: 1, destroyedBecause: { broken: 1 } });
  });

  it("cancels the query of a caller who goes away, frees the server's process, and keeps the connection", async () => {
    pool = make({ max: 1 });
    const pid = await pool.use(pidOf);
    const controller = new AbortController();
    const asked = pool.use((client) => client.query("select pg_sleep(60)"), { signal: controller.signal });
    await until(async () => (await server.ask("select 1 from pg_stat_activity where pid = $1 and state = 'active'", [pid])).length === 1);
    controller.abort("gone home");
    await expect(asked).rejects.toBe("gone home");
    expect(await pool.use(pidOf)).toBe(pid);
    expect((await server.ask<{ state: string }>("select state from pg_stat_activity where pid = $1", [pid]))[0]?.state).toBe("idle");
    expect(pool.stats).toMatchObject({ created: 1, destroyed: 0 });
  });

  it("a cancel that comes late hits nobody else", async () => {
    pool = make({ max: 1 });
    const fates: unknown[] = [];
    for (let round = 0; round < 60; round += 1) {
      const controller = new AbortController();
      // The query ends at about the time of the abort: sometimes before, sometimes after.
      const asked = pool.use((client) => client.query("select pg_sleep(0.004)"), { signal: controller.signal }).then(() => "ok", (error: unknown) => error);
      setTimeout(() => controller.abort("late"), round % 8);
      const next = pool.use((client) => client.query("select pg_sleep(0.002)")).then(() => "ok", (error: unknown) => error);
      fates.push(await next);
      expect(["ok", "late"]).toContain(await asked);
    }
    expect(new Set(fates)).toEqual(new Set(["ok"]));
    expect(pool.stats).toMatchObject({ created: 1, destroyed: 0 });
  });

  it("leaves no connection behind when the server refuses, or when nobody is there", async () => {
    pool = pgPool({ client: () => new pg.Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "no such" }) });
    await expect(pool.acquire()).rejects.toMatchObject({ code: "3D000" });
    await until(async () => (await server.ask("select 1 from pg_stat_activity where datname = 'no such'")).length === 0);
    await pool.close();
    pool = pgPool({ client: () => new pg.Client({ host: "127.0.0.1", port: 1 }) });
    await expect(pool.acquire()).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("cuts a connect that hangs, when its time is over and when the pool closes", async () => {
    const sockets: { readonly destroyed: boolean }[] = [];
    const silent = createServer((socket) => sockets.push(socket.resume().on("error", () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { readonly port: number }; // it listens on a port
    pool = pgPool({ client: () => new pg.Client({ host: "127.0.0.1", port }), createTimeoutMs: 50, max: 1 });
    await expect(pool.acquire()).rejects.toMatchObject({ code: "ERR_POOL_FACTORY_TIMEOUT" });
    await until(() => pool.stats.size === 0);
    await pool.close();
    pool = pgPool({ client: () => new pg.Client({ host: "127.0.0.1", port }), max: 1 });
    const asked = pool.acquire().catch((error: unknown) => error);
    await until(() => sockets.length === 2);
    expect(await pool.close({ graceMs: 0 })).toEqual({ revoked: 0, abandoned: 0, destroyFailures: 0 });
    expect(await asked).toMatchObject({ code: "ERR_POOL_CLOSED" });
    await until(() => sockets.every(({ destroyed }) => destroyed));
    await new Promise((resolve) => silent.close(resolve));
  });

  it("refuses wrong options, naming option and value", () => {
    pool = make();
    // @ts-expect-error JavaScript callers may pass anything
    expect(() => make({ resetPolicy: "scrub" })).toThrow(new RangeError('resetPolicy must be "rollback", "discard" or "none", got scrub'));
    // @ts-expect-error JavaScript callers may leave anything out
    expect(() => pgPool({})).toThrow(TypeError);
    expect(() => make({ max: 0 })).toThrow(RangeError);
  });
});

describe("an outage", () => {
  it("under load: nothing hangs, nothing is lost, nobody waits long, and it is over soon after the server is back", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    process.on("uncaughtException", note);
    pool = make({ max: 10, acquireTimeoutMs: 5_000, retryMaxMs: 400, resetPolicy: "rollback" });
    await pool.use((client) => client.query("create table if not exists written (id int)"));
    let isOver = false;
    let next = 0;
    const confirmed: number[] = [];
    const counts = new Map<string, number>();
    let mostBackends = 0;
    const caller = async (): Promise<void> => {
      while (!isOver) {
        const id = (next += 1);
        const fate = await pool
          .use((client) => client.query("insert into written values ($1)", [id]))
          .then(() => {
            confirmed.push(id);
            return "ok";
          }, (error: unknown) => {
            const { code, message } = error as { readonly code?: string; readonly message: string }; // an Error, with or without a code
            return code ?? message;
          });
        counts.set(fate, (counts.get(fate) ?? 0) + 1);
        mostBackends = Math.max(mostBackends, pool.stats.size);
        await sleep(fate === "ok" ? 0 : 5);
      }
    };
    const callers = Array.from({ length: 50 }, caller);
    await until(() => confirmed.length > 300);
    await server.kill();
    await until(() => pool.stats.isDown);
    const before = confirmed.length;
    const askedAt = performance.now();
    await expect(pool.acquire()).rejects.toBeInstanceOf(Error);
    expect(performance.now() - askedAt).toBeLessThan(2_000); // and not the five seconds of a timeout
    await sleep(700);
    expect(confirmed.length).toBe(before);
    await server.run();
    const backAt = performance.now();
    await until(() => confirmed.length > before);
    const recoveredMs = performance.now() - backAt;
    await until(() => confirmed.length > before + 300);
    isOver = true;
    await Promise.all(callers);
    process.off("unhandledRejection", note);
    process.off("uncaughtException", note);
    expect(unhandled).toEqual([]);
    expect(recoveredMs).toBeLessThan(5_000); // one pause, a connect and a busy machine
    expect(counts.get("ERR_POOL_UNAVAILABLE")).toBeGreaterThan(0);
    expect(counts.get("ERR_POOL_TIMEOUT") ?? 0).toBe(0);
    expect(mostBackends).toBeLessThanOrEqual(10);
    // What was confirmed is there. fsync is off, but the machine did not fall, only the server.
    const written = new Set((await server.ask<{ id: number }>("select id from written")).map(({ id }) => id));
    expect(confirmed.filter((id) => !written.has(id))).toEqual([]);
    const { busy, creating, destroying, idle, resetting, size, validating } = pool.stats;
    expect(idle + busy + creating + destroying + resetting + validating).toBe(size);
    await pool.close();
    await settled();
    expect(pool.stats.size).toBe(0);
    await until(async () => (await server.ask("select 1 from pg_stat_activity where backend_type = 'client backend'")).length === 1);
  }, 60_000);
});
