import { settled } from "@breakwater/core/testing";
import { expect, it } from "vitest";
import { FakeClient, never, PlainClient, sqlError } from "./fake-client.ts";
import { at, fakes } from "./harness.ts";
import { pgPool } from "@breakwater/pool/pg";

const cancel = "SELECT pg_cancel_backend($1) AS is_sent";

/** Fakes of which the first `busy` answer "long" when it is cancelled, and the others do the cancelling. */
function cancellable(busy = 1, prepare: (client: FakeClient, index: number) => void = () => undefined) {
  const stops: (() => void)[] = [];
  const made = fakes({ max: busy, maxConnecting: busy, resetTimeoutMs: 1_000 }, (client, index) => {
    client.answers = (text) => {
      if (text === "long") return new Promise((_, reject) => stops.push(() => reject(sqlError("57014"))));
      if (text === cancel) stops.shift()?.();
      return { rows: [{ is_sent: true }] };
    };
    prepare(client, index);
  });
  return { ...made, stops };
}

it("an abort cancels the query, the caller gets the reason, and the connection takes a late blow before it is lent again", async () => {
  const { pool, clients, clock } = cancellable();
  const controller = new AbortController();
  const asked = pool.use((client) => client.query("long"), { signal: controller.signal });
  await settled();
  controller.abort("gone");
  await expect(asked).rejects.toBe("gone");
  await settled();
  expect(at(clients, 0).queries).toEqual(["long", "SELECT 1"]);
  expect([at(clients, 1).queries, at(clients, 1).values, at(clients, 1).isEnded]).toEqual([[cancel], [4_711], true]);
  await pool.use((client) => client.query("next"));
  expect(at(clients, 0).queries).toEqual(["long", "SELECT 1", "next"]);
  expect(pool.stats).toMatchObject({ created: 1, destroyed: 0 });
  await pool.close();
  expect(clock.pendingTimers).toBe(0);
});

it("a late blow is taken also where the transaction has failed, which is then rolled back", async () => {
  const { pool, clients } = cancellable(1, (client) => {
    const { answers } = client;
    client.answers = (text, values) => (text === "SELECT 1" ? Promise.reject(sqlError("25P02")) : answers(text, values));
  });
  const controller = new AbortController();
  const work = (client: FakeClient): Promise<unknown> => client.query("BEGIN").then(() => client.query("long"));
  const asked = pool.use(work, { signal: controller.signal });
  await settled();
  controller.abort("gone");
  await expect(asked).rejects.toBe("gone");
  await settled();
  expect(at(clients, 0).queries).toEqual(["BEGIN", "long", "SELECT 1", "ROLLBACK"]);
  expect(pool.stats).toMatchObject({ idle: 1, created: 1 });
});

it("a layer's call is cancelled in the same way", async () => {
  const { pool, clients } = cancellable();
  const controller = new AbortController();
  const call = pool.layer(async (text: string, { lease }) => lease.resource.query(text));
  const asked = call("long", { signal: controller.signal });
  await settled();
  controller.abort("gone");
  await expect(asked).rejects.toBe("gone");
  expect(at(clients, 1).queries).toEqual([cancel]);
});

it("callers who leave together share one connection for their cancels", async () => {
  const { pool, clients } = cancellable(5);
  const controller = new AbortController();
  const asked = Array.from({ length: 5 }, () => pool.use((client) => client.query("long"), { signal: controller.signal }).catch((error: unknown) => error));
  await settled();
  controller.abort("gone");
  expect(new Set(await Promise.all(asked))).toEqual(new Set(["gone"]));
  await settled();
  expect(clients.length).toBe(6);
  expect(at(clients, 5).queries).toEqual(Array.from({ length: 5 }, () => cancel));
  expect(at(clients, 5).isEnded).toBe(true);
  expect(pool.stats).toMatchObject({ idle: 5, created: 5 });
});

it("nothing is sent for a connection that is not answering anything", async () => {
  const { pool, clients } = cancellable();
  const controller = new AbortController();
  const asked = pool.use(() => new Promise((_, reject) => controller.signal.addEventListener("abort", reject)), { signal: controller.signal });
  await settled();
  controller.abort("gone");
  await expect(asked).rejects.toBe("gone");
  expect([clients.length, at(clients, 0).queries, pool.stats.idle]).toEqual([1, [], 1]);
});

it("nothing is sent for a query that ended while the cancel was connecting", async () => {
  let connected: () => void = () => undefined;
  const { pool, clients, stops } = cancellable(1, (client, index) => {
    if (index === 1) client.connects = () => new Promise<void>((resolve) => (connected = resolve));
  });
  const controller = new AbortController();
  const asked = pool.use((client) => client.query("long"), { signal: controller.signal });
  await settled();
  controller.abort("gone");
  stops.shift()?.();
  await expect(asked).rejects.toBe("gone");
  await settled();
  expect(pool.stats.idle).toBe(1);
  connected();
  await settled();
  expect([at(clients, 0).queries, at(clients, 1).queries, at(clients, 1).isEnded]).toEqual([["long"], [], true]);
});

it("nobody gets the connection of a query that ended by itself before the server has said that the signal is sent", async () => {
  let answer: () => void = () => undefined;
  const { pool, clients, stops } = cancellable(1, (client, index) => {
    if (index === 1) client.answers = () => new Promise<void>((resolve) => (answer = resolve));
  });
  const controller = new AbortController();
  const asked = pool.use((client) => client.query("long"), { signal: controller.signal });
  await settled();
  controller.abort("gone");
  await settled();
  stops.shift()?.();
  await expect(asked).rejects.toBe("gone");
  const next = pool.use((client) => client.query("next"));
  await settled();
  expect([at(clients, 0).queries, pool.stats.busy]).toEqual([["long"], 1]);
  answer();
  await next;
  expect(at(clients, 0).queries).toEqual(["long", "SELECT 1", "next"]);
});

it("a signal that the server got before the query is sent again", async () => {
  let signals = 0;
  const { pool, clients, clock, stops } = cancellable(1, (client, index) => {
    if (index === 0) return;
    client.answers = () => {
      if ((signals += 1) === 3) stops.shift()?.();
      return { rows: [{ is_sent: true }] };
    };
  });
  const controller = new AbortController();
  const asked = pool.use((client) => client.query("long"), { signal: controller.signal }).catch((error: unknown) => error);
  await settled();
  controller.abort("gone");
  await clock.advanceAsync(200);
  expect(await asked).toBe("gone");
  await settled();
  expect([signals, clients.length, pool.stats.idle]).toEqual([3, 2, 1]);
});

it("where the server knows no such process the connection is cut, so that its caller is free", async () => {
  const { pool, clients } = cancellable(1, (client, index) => {
    if (index === 0) client.on("end", () => undefined);
    else client.answers = () => ({ rows: [{ is_sent: false }] });
  });
  const told: unknown[] = [];
  pool.on("destroyed", ({ error }) => told.push(error));
  const controller = new AbortController();
  const work = (client: FakeClient): Promise<unknown> => Promise.race([client.query("long"), new Promise((_, reject) => client.once("end", () => reject(new Error("Connection terminated"))))]);
  const asked = pool.use(work, { signal: controller.signal });
  await settled();
  controller.abort("gone");
  await expect(asked).rejects.toBe("gone");
  await settled();
  expect([at(clients, 0).isCut, pool.stats.size]).toEqual([true, 0]);
  expect(told).toEqual([new Error("the server has no process 4711 to cancel")]);
});

it.each(["connect", "answer"] as const)("a cancel that hangs in its %s is cut in time, and so is the connection", async (step) => {
  const { pool, clients, clock } = cancellable(1, (client, index) => {
    if (index === 0) return;
    if (step === "connect") client.connects = () => new Promise((_, reject) => client.once("end", () => reject(new Error("Connection terminated"))));
    else client.answers = () => never;
  });
  const controller = new AbortController();
  pool.use((client) => client.query("long"), { signal: controller.signal }).catch(() => undefined);
  await settled();
  controller.abort("gone");
  await clock.advanceAsync(799);
  expect([at(clients, 0).isCut, at(clients, 1).isCut]).toEqual([false, false]);
  await clock.advanceAsync(1);
  expect([at(clients, 0).isCut, at(clients, 1).isCut]).toEqual([true, true]);
  expect(clients.map(({ listening }) => listening)).toEqual([0, 0]);
});

it("a cancel that cannot connect costs the connection, and the next one connects anew", async () => {
  const { pool, clients, stops } = cancellable(1, (client, index) => {
    if (index === 1) client.connects = () => Promise.reject(sqlError("53300", "FATAL"));
  });
  const abort = async (): Promise<void> => {
    const controller = new AbortController();
    const work = (client: FakeClient): Promise<unknown> => Promise.race([client.query("long"), new Promise((_, reject) => client.once("end", reject))]);
    const asked = pool.use(work, { signal: controller.signal });
    await settled();
    controller.abort("gone");
    await expect(asked).rejects.toBe("gone");
    await settled();
  };
  await abort();
  expect([at(clients, 0).isCut, at(clients, 1).isCut, pool.stats.size]).toEqual([true, true, 0]);
  stops.length = 0; // the first query has ended with its connection
  await abort();
  expect(pool.stats).toMatchObject({ created: 2, idle: 1 });
  expect(clients.length).toBe(4);
});

it("a client whose process nobody knows is ended", async () => {
  const made: PlainClient[] = [];
  const pool = pgPool({
    client: () => {
      const client = new PlainClient();
      made.push(client);
      return client;
    },
  });
  const controller = new AbortController();
  const asked = pool.use((client) => new Promise((_, reject) => client.once("end", reject)), { signal: controller.signal });
  await settled();
  controller.abort("gone");
  await expect(asked).rejects.toBe("gone");
  expect(made[0]?.ends).toBeGreaterThan(0);
  await pool.close();
});
