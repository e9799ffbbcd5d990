import { pgPool, type PgPoolOptions } from "@breakwater/pool/pg";
import { createServer, type AddressInfo } from "node:net";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { TestServer, until, whyNoServer } from "./server.ts";

let server: TestServer;
let pool: ReturnType<typeof make>;

function make(options: Partial<PgPoolOptions<pg.Client>> = {}) {
  return pgPool({ client: () => server.client(), max: 4, name: "test", ...options });
}

/** Never sends what it promised; the server waits for that, and cannot be cancelled meanwhile. */
class SilentCopy extends pg.Query {
  handleCopyInResponse(): void {
    // says nothing
  }

  handleError(): void {
    // nobody awaits it
  }
}

const pidOf = async (client: pg.Client): Promise<number | undefined> =>
  (await client.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]?.pid;

const reason = whyNoServer();

describe.skipIf(reason !== undefined)(`a pool of PostgreSQL connections${reason === undefined ? "" : `: ${reason}`}`, () => {
  beforeAll(async () => {
    server = await TestServer.start();
  }, 60_000);
  afterEach(() => pool.close({ graceMs: 0 }));
  afterAll(() => server.stop());

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

  it("a statement with a name can be used again after discard", async () => {
    pool = make({ max: 1, resetPolicy: "discard" });
    const named = () => pool.use((client) => client.query<{ n: number }>({ name: "named", text: "select 1 as n" }));
    for (let i = 0; i < 3; i += 1) expect((await named()).rows).toEqual([{ n: 1 }]);
    expect(pool.stats.created).toBe(1);
  });

  it("leaks no setting, temporary table or transaction between borrowers who do not tidy up", async () => {
    pool = make({ max: 3, resetPolicy: "discard" });
    const borrow = (id: number) =>
      pool.use(async (client) => {
        const { rows } = await client.query<{ found: string; tables: number; isOpen: boolean }>(
          `select current_setting('application_name') as found, (select count(*)::int from pg_class where relname = 'scratch' and pg_table_is_visible(oid)) as tables,
           now() <> statement_timestamp() as "isOpen"`,
        );
        await client.query(`set application_name = 'borrower ${id}'`);
        await client.query("create temporary table scratch (id int)");
        if (id % 2 === 0) await client.query("begin");
        if (id % 4 === 0) await client.query("select nothing").catch(() => undefined);
        return rows[0];
      });
    const found = await Promise.all(Array.from({ length: 60 }, (_, id) => borrow(id)));
    expect(found.filter((row) => row?.found !== "" || row.tables !== 0 || row.isOpen)).toEqual([]);
    expect(pool.stats.created).toBeLessThanOrEqual(3);
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

  it("cancels a query that was left running when it takes too long, and keeps the connection", async () => {
    pool = make({ max: 1, resetTimeoutMs: 1_000 });
    let left: Promise<unknown> | undefined;
    const pid = await pool.use(async (client) => {
      const own = await pidOf(client);
      left = client.query("select pg_sleep(30)").catch((error: unknown) => error);
      return own;
    });
    expect(await pool.use(pidOf)).toBe(pid);
    expect(await left).toMatchObject({ code: "57014" });
    expect(pool.stats).toMatchObject({ created: 1, destroyed: 0 });
  });

  it("gives up a connection on which something was left open that nothing can end", async () => {
    pool = make({ max: 1, resetTimeoutMs: 300 });
    await pool.use(async (client) => {
      await client.query("create temporary table waiting (id int)");
      client.query(new SilentCopy("copy waiting from stdin"));
    });
    expect(typeof (await pool.use(pidOf))).toBe("number");
    expect(pool.stats.created).toBe(2);
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

  it("keeps the connection also when the query that is cancelled was part of a transaction", async () => {
    pool = make({ max: 1 });
    const pid = await pool.use(pidOf);
    const controller = new AbortController();
    const work = async (client: pg.Client): Promise<unknown> => {
      await client.query("begin");
      await client.query("create table of_nobody (id int)");
      return client.query("select pg_sleep(60)");
    };
    const asked = pool.use(work, { signal: controller.signal });
    await until(async () => (await server.ask("select 1 from pg_stat_activity where pid = $1 and query like '%pg_sleep%'", [pid])).length === 1);
    controller.abort("gone home");
    await expect(asked).rejects.toBe("gone home");
    expect(await pool.use(pidOf)).toBe(pid);
    await expect(pool.use((client) => client.query("select * from of_nobody"))).rejects.toMatchObject({ code: "42P01" });
  });

  it("cancels all that was queued behind the query, too", async () => {
    pool = make({ max: 1, resetTimeoutMs: 4_000 });
    const pid = await pool.use(pidOf);
    const controller = new AbortController();
    const work = (client: pg.Client): Promise<unknown> => Promise.all([client.query("select pg_sleep(60)"), client.query("select pg_sleep(60)")]);
    const asked = pool.use(work, { signal: controller.signal });
    await until(async () => (await server.ask("select 1 from pg_stat_activity where pid = $1 and state = 'active'", [pid])).length === 1);
    controller.abort("gone home");
    await expect(asked).rejects.toBe("gone home");
    expect(await pool.use(pidOf)).toBe(pid);
  });

  it("frees all processes with one connection for it when all callers leave at once", async () => {
    const made: pg.Client[] = [];
    const client = (): pg.Client => {
      const own = server.client();
      made.push(own);
      return own;
    };
    pool = make({ client, max: 8, maxConnecting: 8 });
    const controller = new AbortController();
    const asked = Array.from({ length: 8 }, () => pool.use((client) => client.query("select pg_sleep(61)"), { signal: controller.signal }).catch((error: unknown) => error));
    const sleeping = () => server.ask("select 1 from pg_stat_activity where query like '%pg_sleep(61)%' and state = 'active' and pid <> pg_backend_pid()");
    await until(async () => (await sleeping()).length === 8);
    controller.abort("gone home");
    expect(new Set(await Promise.all(asked))).toEqual(new Set(["gone home"]));
    expect((await sleeping()).length).toBe(0);
    await until(() => pool.stats.idle === 8);
    expect([made.length, pool.stats.created]).toEqual([9, 8]);
    await pool.close();
    expect(made.map((client) => client.listenerCount("error") + client.listenerCount("end"))).toEqual(made.map(() => 0));
  });

  it("frees its caller when cancelling hangs, though the query goes on", async () => {
    const silent = createServer((socket) => void socket.resume().on("error", () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo; // it listens on a port
    let made = 0;
    pool = pgPool({ client: () => ((made += 1) === 1 ? server.client() : new pg.Client({ host: "127.0.0.1", port })), max: 1, resetTimeoutMs: 300 });
    const controller = new AbortController();
    const asked = pool.use((client) => client.query("select pg_sleep(10)"), { signal: controller.signal });
    await until(() => pool.stats.busy === 1);
    controller.abort("gone home");
    await expect(asked).rejects.toBe("gone home");
    await until(() => pool.stats.size === 0);
    await new Promise((resolve) => silent.close(resolve)); // which it does only when all have hung up
  });

  it("a cancel that comes late hits nobody else", async () => {
    pool = make({ max: 1 });
    const fates: unknown[] = [];
    for (let round = 0; round < 150; round += 1) {
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

  it("nor does one of many that come while others work, and leave", async () => {
    pool = make({ max: 4 });
    const impatient = new Set<unknown>();
    const patient = new Set<unknown>();
    const caller = async (number: number): Promise<void> => {
      for (let round = 0; round < 30; round += 1) {
        const isImpatient = (number + round) % 2 === 0;
        const controller = new AbortController();
        const timer = isImpatient ? setTimeout(() => controller.abort("late"), (number * 7 + round * 3) % 23) : undefined;
        const query = pool.use((client) => client.query("select pg_sleep(0.003)"), { signal: controller.signal });
        (isImpatient ? impatient : patient).add(await query.then(() => "ok", (error: unknown) => error));
        clearTimeout(timer);
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, number) => caller(number)));
    expect(patient).toEqual(new Set(["ok"]));
    expect([...impatient].filter((fate) => fate !== "ok" && fate !== "late")).toEqual([]);
    await until(() => pool.stats.idle === pool.stats.size);
    expect(pool.stats).toMatchObject({ destroyed: 0, waiting: 0 });
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
    const { port } = silent.address() as AddressInfo; // it listens on a port
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
});
