import { settled } from "@breakwater/core/testing";
import { describe, expect, it } from "vitest";
import { FakeClient, never, OldClient, sqlError } from "./fake-client.ts";
import { at, fakes } from "./harness.ts";

/** A query whose answer the test gives. */
function held(): { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (error: Error) => void } {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
}

describe("rollback", () => {
  it("sends nothing where no transaction is open, and hands the connection on in the same turn", async () => {
    const { pool, clients } = fakes();
    const lease = await pool.acquire();
    lease.release();
    expect(pool.stats.idle).toBe(1);
    expect(at(clients, 0).queries).toEqual([]);
  });

  it.each(["T", "E"] as const)("rolls back in status %s", async (status) => {
    const { pool, clients } = fakes();
    await pool.use((client) => void (client.status = status));
    await pool.use(() => undefined);
    expect(at(clients, 0).queries).toEqual(["ROLLBACK"]);
    expect(pool.stats.created).toBe(1);
  });

  it("gives up a connection that cannot roll back", async () => {
    const { pool } = fakes({}, (client) => (client.answers = (text) => (text === "ROLLBACK" ? Promise.reject(sqlError("XX000")) : undefined)));
    await pool.use((client) => client.query("BEGIN"));
    await settled();
    expect(pool.stats.destroyedBecause).toEqual({ unresettable: 1 });
  });

  it("knows the status of an older pg by its messages, and before the first one says ROLLBACK", async () => {
    const { pool, clients } = fakes({ client: () => new OldClient() });
    await pool.use(() => undefined);
    await settled();
    const client = at(clients, 0);
    expect(client.queries.splice(0)).toEqual(["ROLLBACK"]);
    await pool.use((own) => own.query("select"));
    expect(client.queries.splice(0)).toEqual(["select"]);
    await pool.use((own) => own.query("BEGIN").then(() => own.query("select")));
    await settled();
    expect(client.queries).toEqual(["BEGIN", "select", "ROLLBACK"]);
    await pool.close();
    expect(client.listening).toBe(0);
  });
});

describe("discard", () => {
  it("also forgets what pg believes the server to know of statements", async () => {
    const { pool, clients } = fakes({ resetPolicy: "discard" });
    await pool.use((client) => void (client.parsedStatements.mine = "select 1"));
    await settled();
    expect(at(clients, 0).queries.splice(0)).toEqual(["DISCARD ALL"]);
    expect(at(clients, 0).parsedStatements).toEqual({});
    await pool.use((client) => client.query("BEGIN"));
    await settled();
    expect(at(clients, 0).queries).toEqual(["BEGIN", "ROLLBACK", "DISCARD ALL"]);
  });
});

describe("none", () => {
  it("sends nothing, whatever is open", async () => {
    const { pool, clients } = fakes({ resetPolicy: "none" });
    await pool.use((client) => client.query("BEGIN"));
    expect(pool.stats.idle).toBe(1);
    expect(at(clients, 0).queries).toEqual(["BEGIN"]);
  });
});

describe.each(["rollback", "discard", "none"] as const)("a query that was left running, with %s,", (resetPolicy) => {
  const left = (options = {}, prepare?: (client: FakeClient, index: number) => void) => {
    const query = held();
    const made = fakes({ resetPolicy, resetTimeoutMs: 1_000, ...options }, (client, index) => {
      client.answers = (text) => (text === "left" ? query.promise : undefined);
      prepare?.(client, index);
    });
    return { ...made, query };
  };
  const leave = (client: FakeClient): void => void client.query("left").catch(() => undefined);

  it("is waited for, and nothing is sent behind it", async () => {
    const { pool, clients, query, clock } = left();
    await pool.use(leave);
    await clock.advanceAsync(499);
    expect(pool.stats.resetting).toBe(1);
    expect(at(clients, 0).queries).toEqual(["left"]);
    query.resolve();
    await settled();
    expect(pool.stats).toMatchObject({ idle: 1, created: 1 });
    expect([clients.length, clock.pendingTimers > 0]).toEqual([1, true]); // of keepalive and lifetime
  });

  it("is cancelled after half the time, and the connection stays", async () => {
    const { pool, clients, query, clock } = left({}, (client, index) => {
      if (index === 1) client.answers = () => query.reject(sqlError("57014"));
    });
    await pool.use(leave);
    await clock.advanceAsync(500);
    expect(at(clients, 1).queries).toEqual(["SELECT pg_cancel_backend($1) AS is_sent"]);
    expect(at(clients, 1).isEnded).toBe(true);
    expect(pool.stats).toMatchObject({ idle: 1, created: 1 });
    expect(at(clients, 0).queries.slice(0, 2)).toEqual(["left", "SELECT 1"]);
  });

  it("keeps the connection from others until its cancel is settled, though it ended by itself", async () => {
    const cancel = held();
    const { pool, clients, query, clock } = left({}, (client, index) => {
      if (index === 1) client.answers = () => cancel.promise;
    });
    await pool.use(leave);
    await clock.advanceAsync(500);
    query.resolve();
    await settled();
    expect(pool.stats.resetting).toBe(1);
    expect(at(clients, 0).queries).toEqual(["left"]);
    cancel.resolve();
    await settled();
    expect(pool.stats.idle).toBe(1);
    expect(at(clients, 0).queries.slice(0, 2)).toEqual(["left", "SELECT 1"]);
  });

  it("costs the connection when it cannot be stopped", async () => {
    const { pool, clients, clock } = left();
    await pool.use(leave);
    await clock.advanceAsync(900);
    expect(at(clients, 0).isCut).toBe(true);
    expect(pool.stats).toMatchObject({ size: 0, destroyed: 1 });
    expect(clients.map(({ listening }) => listening)).toEqual([0, 0]);
  });

  it("ends with the connection", async () => {
    const { pool, clients } = left();
    await pool.use(leave);
    at(clients, 0).emit("end");
    await settled();
    expect(pool.stats).toMatchObject({ size: 0, destroyedBecause: { broken: 1 } });
    expect(at(clients, 0).listening).toBe(0);
  });
});

it("a reset that hangs is given up when its time is over", async () => {
  const { pool, clock } = fakes({ resetTimeoutMs: 200 }, (client) => (client.answers = (text) => (text === "ROLLBACK" ? never : undefined)));
  await pool.use((client) => client.query("BEGIN"));
  await clock.advanceAsync(200);
  expect(pool.stats.destroyedBecause).toEqual({ unresettable: 1 });
});
