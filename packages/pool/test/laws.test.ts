import { Pool } from "@breakwater/pool";
import { permitLaws, runLaws, type MakeSubject } from "@breakwater/sim";
import { describe, it } from "vitest";

const make: MakeSubject = ({ clock, capacity }) => {
  const pool = new Pool<object>({ create: async () => ({}), max: capacity, maxWaiting: Infinity, acquireTimeoutMs: Infinity, clock, random: () => 0 });
  return {
    tryAcquire: () => {
      const lease = pool.tryAcquire();
      return lease === undefined ? undefined : { release: () => lease.release() };
    },
    acquire: async (options) => {
      const lease = await pool.acquire(options);
      return { release: () => lease.release() };
    },
    run: (work, call) => pool.use(() => work(), call),
    inUse: () => pool.stats.busy,
    waiting: () => pool.stats.waiting,
    close: () => void pool.close(),
  };
};

describe("Pool", () => {
  for (const law of permitLaws(make)) it(law.name, law.check);
  for (const law of runLaws(() => make({ clock: { now: () => 0, setTimer: () => ({ cancel: () => undefined, unref: () => undefined }) }, capacity: 1 }))) it(law.name, law.check);
});
