import { Breaker, countWindow } from "@breakwater/breaker";
import CircuitBreaker from "opossum";
import type { Candidate, Case } from "../candidate.ts";
import { failure, ignore, work } from "./work.ts";

const fails = async (): Promise<never> => {
  throw failure;
};

/** A breaker that never opens, its window full of good and bad. */
async function failing(size: number): Promise<Breaker> {
  const breaker = new Breaker({ trip: countWindow({ size, failureRatio: 1 }) });
  for (let i = 0; i < size; i += 1) await breaker.run(i % 2 === 0 ? work : fails).catch(ignore);
  return breaker;
}

export const breakerFailureCase: Case = {
  group: "breaker",
  name: "closed, one in ten fails",
  candidates: [
    { name: "await work()", kind: "floor", prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await (i % 10 === 0 ? fails().catch(ignore) : work()); } },
    ...[20, 20_000].map((size): Candidate => ({
      name: `run, count window of ${size}`,
      kind: "ours",
      prepare: async () => {
        const breaker = await failing(size);
        return async (count) => { for (let i = 0; i < count; i += 1) await (i % 10 === 0 ? breaker.run(fails).catch(ignore) : breaker.run(work)); };
      },
    })),
    {
      name: "opossum, 20,000 calls in its window",
      kind: "rival",
      package: "opossum",
      prepare: async () => {
        // Of the calls in its window it keeps each duration, and sorts them at each failure.
        const options = { timeout: false as const, errorThresholdPercentage: 100, rollingCountTimeout: 3_600_000 };
        const breaker = new CircuitBreaker((isBad: boolean) => (isBad ? fails() : work()), options);
        for (let i = 0; i < 20_000; i += 1) await breaker.fire(false);
        return async (count) => { for (let i = 0; i < count; i += 1) await breaker.fire(i % 10 === 0).catch(ignore); };
      },
    },
  ],
};
