import { settled } from "@breakwater/core/testing";
import { Pool } from "@breakwater/pool";
import { expect, it } from "vitest";

it("a pool that serves is HEALTHY, also with a short line; one for which as many wait as it may hold is DEGRADED", async () => {
  const pool = new Pool({ name: "db", create: () => ({}), max: 2 });
  const leases = [await pool.acquire(), await pool.acquire()];
  const waiting = [pool.acquire()];
  expect(pool.health).toEqual({ status: "HEALTHY", reason: "pool db: 2 of 2 busy, 1 waiting" });
  waiting.push(pool.acquire());
  expect(pool.health).toEqual({ status: "DEGRADED", reason: "pool db is starved: 2 of 2 busy, 2 waiting" });
  for (const lease of leases) lease.release();
  for (const lease of await Promise.all(waiting)) lease.release();
  expect(pool.health).toEqual({ status: "HEALTHY", reason: "pool db: 0 of 2 busy, 0 waiting" });
  await pool.close();
});

it("a pool whose creates fail and that has nothing left is UNHEALTHY", async () => {
  const pool = new Pool({ create: () => Promise.reject(new Error("refused")), max: 2 });
  await expect(pool.acquire()).rejects.toThrow("refused");
  await settled();
  expect(pool.health).toEqual({ status: "UNHEALTHY", reason: "pool is down: creating fails, and nothing is left" });
  await pool.close();
});

it("a closed pool is UNHEALTHY, and one that was to be closed with a wrong option is not", async () => {
  const pool = new Pool({ create: () => ({}), max: 2 });
  await expect(pool.close({ graceMs: -1 })).rejects.toThrow(RangeError);
  expect(pool.health.status).toBe("HEALTHY");
  await pool.close();
  expect(pool.health).toEqual({ status: "UNHEALTHY", reason: "pool is closed" });
});
