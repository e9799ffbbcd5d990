import { Pool } from "@breakwater/pool";
import { verify, type Candidate, type Case } from "../candidate.ts";
import { ignore } from "./work.ts";

// A request's signal is shared by what the request does. One for each waiter would measure the platform: aborting costs it 20 us.
const perSignal = 100;

/** One operation: that many callers join the line of a pool that has nothing to give, and leave from the middle of it. */
function leaving(waiters: number, kind: Candidate["kind"]): Candidate {
  return {
    name: `${waiters} waiters`,
    kind,
    prepare: async () => {
      const pool = new Pool<number>({ create: () => 1, max: 1 });
      await pool.acquire();
      return async (count) => {
        for (let i = 0; i < count; i += 1) {
          const groups = waiters / perSignal;
          const controllers = Array.from({ length: groups }, () => new AbortController());
          const all = Array.from({ length: waiters }, (_, index) => pool.acquire({ signal: controllers[index % groups]?.signal }).catch(ignore));
          for (const controller of controllers) controller.abort();
          await Promise.all(all);
        }
        verify(pool.stats.waiting === 0, "everybody left");
      };
    },
  };
}

export const poolCrowd: Case = {
  group: "pool",
  name: "waiters join and leave; one crowd, so that ten times as many are to take ten times as long",
  candidates: [leaving(10_000, "floor"), leaving(100_000, "ours")],
};
