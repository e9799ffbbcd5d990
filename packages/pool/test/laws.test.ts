import { LeaseSettledError, Pool, type Lease } from "@breakwater/pool";
import { permitLaws, runLaws, type MakeSubject } from "@breakwater/sim";
import { describe, it } from "vitest";

const make: MakeSubject = ({ clock, capacity }) => {
  const pool = new Pool<object>({ create: async () => ({}), max: capacity, maxWaiting: Infinity, maxConnecting: Infinity, acquireTimeoutMs: Infinity, clock, random: () => 0 });
  return {
    tryAcquire: () => {
      const lease = pool.tryAcquire();
      return lease === undefined ? undefined : { release: () => settle(lease) };
    },
    acquire: async (options) => {
      const lease = await pool.acquire(options);
      return { release: () => settle(lease) };
    },
    run: (work, call) => pool.use(() => work(), call),
    inUse: () => pool.stats.busy,
    waiting: () => pool.stats.waiting,
    close: () => void pool.close(),
  };
};

/** The laws settle some twice, which a lease answers with an error. */
function settle(lease: Lease<object>): void {
  try {
    lease.release();
  } catch (error) {
    if (!(error instanceof LeaseSettledError)) throw error;
  }
}

describe("Pool", () => {
  for (const law of permitLaws(make)) it(law.name, law.check);
  for (const law of runLaws(() => make({ clock: { now: () => 0, setTimer: () => ({ cancel: () => undefined, unref: () => undefined }) }, capacity: 1 }))) it(law.name, law.check);
});
