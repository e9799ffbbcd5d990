import { Hedge, latencyQuantile, RetryBudget, type HedgeOptions } from "@breakwater/retry";
import { bimodal, openLoop, Simulation, Tally, uniform, type Distribution } from "@breakwater/sim";
import { lineOf, overSeeds, whole, worst, type Column } from "../figures.ts";
import type { Line, RunOptions, Table } from "../experiment.ts";

/**
 * What is a hedge worth to a read that asks a hundred servers and waits for all of them?
 *
 * After The Tail at Scale (Dean and Barroso, CACM, February 2013), whose read of 1,000 keys from 100 servers took 1,800 ms at p99.9,
 * and 74 ms with a second request after 10 ms, for 2 % more requests. One request in fifty takes longer than 10 ms here too, and the
 * slow ones follow a power law that puts p99.9 of the whole read without a hedge near the paper's.
 */
const servers = 100;
const reads = 4_000;
const readsPerSecond = 20;
const slowFromMs = 10;
const slowRatio = 0.02;
const exponent = 1.46;

const slow: Distribution = (random) => slowFromMs / (1 - random()) ** (1 / exponent);
const latency = bimodal(uniform(2, slowFromMs), slow, slowRatio);

interface Policy {
  readonly name: string;
  readonly hedged?: (sim: Simulation) => Pick<HedgeOptions, "delayMs" | "budget">;
}

const policies: readonly Policy[] = [
  { name: "no hedge" },
  { name: "after 10 ms", hedged: () => ({ delayMs: 10 }) },
  {
    name: "after the measured p95, budget 5 %",
    hedged: ({ clock }) => ({ delayMs: latencyQuantile({ quantile: 0.95 }), budget: new RetryBudget({ ratio: 0.05, minPerSecond: 0, clock }) }),
  },
  { name: "two at once, without a budget", hedged: () => ({ delayMs: 0, budget: false }) },
];

interface Figures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** p99.9 of the single requests. */
  readonly oneP999Ms: number;
  /** How many more requests were sent. */
  readonly moreRatio: number;
}

const columns: readonly Column<Figures>[] = [
  { title: "read p50 ms", key: "p50Ms", write: whole },
  { title: "p99", key: "p99Ms", write: whole },
  { title: "p99.9", key: "p999Ms", write: whole },
  { title: "one request p99.9", key: "oneP999Ms", write: whole },
  { title: "more requests", key: "moreRatio", write: (ratio) => `${(100 * ratio).toFixed(1)} %` },
];

async function once({ hedged }: Policy, seed: number): Promise<Figures> {
  const sim = new Simulation({ seed });
  const random = sim.stream("servers");
  let sent = 0;
  const request = (): Promise<void> => {
    sent += 1;
    return sim.sleep(latency(random));
  };
  const hedge = hedged === undefined ? undefined : new Hedge({ ...hedged(sim), clock: sim.clock });
  const [whole, single] = [new Tally(sim), new Tally(sim)];
  const one = (): Promise<void> => {
    const asked = hedge === undefined ? request() : hedge.run(request);
    void single.track(asked);
    return asked;
  };
  openLoop(sim, { ratePerSecond: readsPerSecond, arrivals: "regular", untilMs: (1_000 * reads) / readsPerSecond }, () => {
    void whole.track(Promise.all(Array.from({ length: servers }, one)));
  });
  await sim.run();
  return {
    p50Ms: whole.quantileMs(0.5),
    p99Ms: whole.quantileMs(0.99),
    p999Ms: whole.quantileMs(0.999),
    oneP999Ms: single.quantileMs(0.999),
    moreRatio: sent / single.offered - 1,
  };
}

export async function hedging({ seeds, progress }: RunOptions): Promise<Table> {
  const lines: Line[] = [];
  const found = new Map<string, readonly Figures[]>();
  for (const policy of policies) {
    const runs = await overSeeds(seeds, (seed) => once(policy, seed));
    found.set(policy.name, runs);
    lines.push(lineOf(policy.name, columns, runs));
    progress(found.size / policies.length);
  }
  const without = found.get("no hedge") ?? [];
  const measured = found.get("after the measured p95, budget 5 %") ?? [];
  const factor = -worst(measured, (run) => -(without[measured.indexOf(run)]?.p999Ms ?? 0) / run.p999Ms);
  const more = worst(measured, ({ moreRatio }) => moreRatio);
  return {
    title: `A read of ${servers} servers, with and without a second request to those that are slow`,
    setup: [
      `${reads} reads, each of ${servers} requests at once; a request takes 2 to ${slowFromMs} ms, and one in fifty longer, by a power law of exponent ${exponent}.`,
      "The Tail at Scale (CACM, February 2013) reports for such a read p99.9 1800 ms, and 74 ms with a hedge after 10 ms for 2 % more requests.",
    ],
    columns: columns.map(({ title }) => title),
    lines,
    claims: [
      { claim: "a hedge after the measured p95 makes p99.9 of the read at least 5 times shorter", holds: factor >= 5, found: `${factor.toFixed(1)} times` },
      { claim: "for at most 5 % more requests", holds: more <= 0.05, found: `${(100 * more).toFixed(2)} %` },
    ],
  };
}
