import { AdaptiveLimiter, ConcurrencyLimiter, KeyedLimiter, PartitionedLimiter } from "@breakwater/limiter";
import type { Call, Work } from "@breakwater/core";
import type { Candidate, Case } from "../candidate.ts";
import { work } from "./work.ts";

interface Runs {
  run<T>(work: Work<T>, call?: Call): Promise<T>;
}

function sequential(name: string, kind: Candidate["kind"], make: () => Runs): Candidate {
  return {
    name,
    kind,
    prepare: () => {
      const limiter = make();
      return async (count) => { for (let i = 0; i < count; i += 1) await limiter.run(work); };
    },
  };
}

const adaptive: Case = {
  group: "limiter",
  name: "a free slot, one caller, by kind of limiter",
  candidates: [
    sequential("fixed", "floor", () => new ConcurrencyLimiter({ limit: 20 })),
    sequential("adaptive", "ours", () => new AdaptiveLimiter()),
    sequential("partitioned", "ours", () => new PartitionedLimiter({ limit: 20, partitions: { a: { share: 0.5 }, b: { share: 0.5 } } }).partition("a")),
    sequential("keyed, one key after the other", "ours", () => {
      const limiter = new KeyedLimiter({ limit: 20 });
      let next = 0;
      return { run: (task, call) => limiter.run((next = (next + 1) % 10_000), task, call) };
    }),
  ],
};

export const adaptiveCases: readonly Case[] = [adaptive];
