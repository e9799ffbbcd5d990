import { Hedge, Retry, latencyQuantile } from "@breakwater/retry";
import { ConstantBackoff, handleAll, retry as retryOf } from "cockatiel";
import type { Case } from "../candidate.ts";
import { work } from "./work.ts";

const noRetry: Case = {
  group: "retry",
  name: "the work succeeds, nothing is retried",
  candidates: [
    { name: "await work()", kind: "floor", prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await work(); } },
    {
      name: "retry with its budget",
      kind: "ours",
      prepare: () => {
        const retry = new Retry({ attempts: 3 });
        return async (count) => { for (let i = 0; i < count; i += 1) await retry.run(work); };
      },
    },
    {
      name: "retry without a budget",
      kind: "ours",
      prepare: () => {
        const retry = new Retry({ attempts: 3, budget: false });
        return async (count) => { for (let i = 0; i < count; i += 1) await retry.run(work); };
      },
    },
    {
      name: "retry that looks at results too",
      kind: "ours",
      prepare: () => {
        const retry = new Retry<number>({ attempts: 3, retryResultIf: (value) => value < 0 });
        return async (count) => { for (let i = 0; i < count; i += 1) await retry.run(work); };
      },
    },
    {
      name: "cockatiel",
      kind: "rival",
      package: "cockatiel",
      prepare: () => {
        const retry = retryOf(handleAll, { maxAttempts: 2, backoff: new ConstantBackoff(100) });
        return async (count) => { for (let i = 0; i < count; i += 1) await retry.execute(work); };
      },
    },
  ],
};

const noHedge: Case = {
  group: "retry",
  name: "the work is quick, nothing is hedged",
  candidates: [
    { name: "await work()", kind: "floor", prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await work(); } },
    {
      name: "hedge after 50 ms",
      kind: "ours",
      prepare: () => {
        const hedge = new Hedge({ delayMs: 50 });
        return async (count) => { for (let i = 0; i < count; i += 1) await hedge.run(work); };
      },
    },
    {
      name: "hedge after the measured p95",
      kind: "ours",
      prepare: () => {
        const hedge = new Hedge({ delayMs: latencyQuantile({ quantile: 0.95 }) });
        return async (count) => { for (let i = 0; i < count; i += 1) await hedge.run(work); };
      },
    },
  ],
};

export const retryCases: readonly Case[] = [noRetry, noHedge];
