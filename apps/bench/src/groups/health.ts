import { systemClock } from "@breakwater/core";
import { Health } from "@breakwater/health";
import { verify, type Case } from "../candidate.ts";
import { work } from "./work.ts";

/** One that counts, and has a verdict. */
function counting(): Health {
  const health = new Health({ minimumCalls: 1 });
  health.record("success");
  verify(health.stats.total === 1 && health.status === "HEALTHY", "our health counts");
  return health;
}

const recording: Case = {
  group: "health",
  name: "one outcome",
  candidates: [
    {
      name: "performance.now()",
      kind: "floor",
      prepare: () => (count) => {
        let last = 0;
        for (let i = 0; i < count; i += 1) last = performance.now();
        return last;
      },
    },
    {
      name: "record(outcome)",
      kind: "ours",
      prepare: () => {
        const health = counting();
        return (count) => { for (let i = 0; i < count; i += 1) health.record("success"); };
      },
    },
    {
      name: "record(outcome, now), with a reading at hand",
      kind: "ours",
      prepare: () => {
        const health = counting();
        return (count) => {
          const now = systemClock.now();
          for (let i = 0; i < count; i += 1) health.record("success", now);
        };
      },
    },
    {
      name: "record(outcome, now), one of ten a failure, UNHEALTHY kept",
      kind: "ours",
      prepare: () => {
        const health = counting();
        health.record("failure");
        return (count) => {
          const now = systemClock.now();
          for (let i = 0; i < count; i += 1) health.record(i % 10 === 0 ? "failure" : "success", now);
        };
      },
    },
  ],
};

const passing: Case = {
  group: "health",
  name: "a call that succeeds",
  candidates: [
    {
      name: "await work()",
      kind: "floor",
      prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await work(); },
    },
    {
      name: "run",
      kind: "ours",
      prepare: () => {
        const health = counting();
        return async (count) => { for (let i = 0; i < count; i += 1) await health.run(work); };
      },
    },
    {
      name: "layer",
      kind: "ours",
      prepare: () => {
        const service = counting().layer(work);
        return async (count) => { for (let i = 0; i < count; i += 1) await service(undefined, {}); };
      },
    },
  ],
};

export const healthCases: readonly Case[] = [recording, passing];
