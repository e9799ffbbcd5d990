import { Balancer, leastRequest, peakEwma, powerOfTwo, random, rendezvous, roundRobin, smoothWeighted, type BalancerOptions } from "@breakwater/balancer";
import { CoarseClock } from "@breakwater/core";
import { verify, type Case } from "../candidate.ts";
import { work } from "./work.ts";

const endpoints = Array.from({ length: 20 }, (_, index) => ({ key: `host-${index}`, value: index }));
const weighted = endpoints.map((endpoint, index) => ({ ...endpoint, weight: 1 + (index % 3) }));

function balancerOf(options: BalancerOptions<number>): Balancer<number> {
  const balancer = new Balancer<number>({ endpoints, ...options });
  verify(balancer.pick().value < 20, "there is an endpoint");
  return balancer;
}

/** Pick and success, without a promise. */
function pickWith(name: string, options: BalancerOptions<number>): Case["candidates"][number] {
  return {
    name,
    kind: "ours",
    prepare: () => {
      const balancer = balancerOf(options);
      return (count) => { for (let i = 0; i < count; i += 1) balancer.pick().success(); };
    },
  };
}

/** A whole call. */
function runWith(name: string, options: BalancerOptions<number>): Case["candidates"][number] {
  return {
    name,
    kind: "ours",
    prepare: () => {
      const balancer = balancerOf(options);
      return async (count) => { for (let i = 0; i < count; i += 1) await balancer.run(work); };
    },
  };
}

/** The choice by itself: what is never settled only counts as in flight, and one in sixteen keeps the durations fresh. */
const pickAlone: Case["candidates"][number] = {
  name: "a pick alone, the default",
  kind: "ours",
  prepare: () => {
    const balancer = balancerOf({});
    return (count) => {
      for (let i = 0; i < count; i += 1) {
        const pick = balancer.pick();
        if (i % 16 === 0) pick.success();
      }
    };
  },
};

const floor: Case["candidates"][number] = {
  name: "await work()",
  kind: "floor",
  prepare: () => async (count) => { for (let i = 0; i < count; i += 1) await work(); },
};

/** What a policy that goes by durations cannot do without: one reading for the pick, one for the end. */
const readings: Case["candidates"][number] = {
  name: "two readings of the system's clock",
  kind: "rival",
  prepare: () => (count) => {
    let sum = 0;
    for (let i = 0; i < count; i += 1) sum += performance.now() - performance.now();
    return sum;
  },
};

const picks: Case = {
  group: "balancer",
  name: "pick and success, 20 endpoints",
  candidates: [
    floor,
    readings,
    pickAlone,
    pickWith("peak EWMA and ejection, the default", {}),
    pickWith("the same, coarse clock of 1 ms", { clock: new CoarseClock(1) }),
    pickWith("peak EWMA, no ejection", { policy: peakEwma(), ejection: false }),
  ],
};

const others: Case = {
  group: "balancer",
  name: "the other policies, no ejection, 20 endpoints",
  candidates: [
    floor,
    pickWith("power of two", { policy: powerOfTwo(), ejection: false }),
    pickWith("round robin", { policy: roundRobin(), ejection: false }),
    pickWith("random", { policy: random(), ejection: false }),
    pickWith("smooth weighted", { policy: smoothWeighted(), endpoints: weighted, ejection: false }),
    pickWith("least request by weight", { policy: leastRequest(), endpoints: weighted, ejection: false }),
    pickWith("rendezvous", { policy: rendezvous({ keyOf: () => "user" }), ejection: false }),
  ],
};

const runs: Case = {
  group: "balancer",
  name: "a whole call, 20 endpoints",
  candidates: [
    floor,
    runWith("run, the default", {}),
    runWith("run, coarse clock of 1 ms", { clock: new CoarseClock(1) }),
    runWith("run, power of two, no ejection", { policy: powerOfTwo(), ejection: false }),
    {
      name: "layer, the default",
      kind: "ours",
      prepare: () => {
        const balanced = balancerOf({}).layer(() => work());
        return async (count) => { for (let i = 0; i < count; i += 1) await balanced(undefined, {}); };
      },
    },
  ],
};

export const balancerCases: readonly Case[] = [picks, runs, others];
