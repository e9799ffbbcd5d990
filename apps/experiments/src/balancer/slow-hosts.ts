import { leastRequest, peakEwma, random, roundRobin, type Policy } from "@breakwater/balancer";
import { openLoop, Simulation, Tally } from "@breakwater/sim";
import type { RunOptions, Table } from "../experiment.ts";
import { lineOf, overSeeds, whole, worst, type Column } from "../figures.ts";
import { balancerOf, machinesOf } from "./fleet.ts";

/** What do two slow ones among twenty cost? */
const servers = 20;
const slow = 2;
const slots = 4;
const meanMs = 20;
const slowness = 5;
const load = 0.8;
const untilMs = 13_600;
const fromMs = 0;
const ratePerSecond = (load * 1_000 * slots * (servers - slow + slow / slowness)) / meanMs;

interface Figures {
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** The share of the calls that the slow ones got. */
  readonly slowRatio: number;
}

const columns: readonly Column<Figures>[] = [
  { title: "mean ms", key: "meanMs", write: whole },
  { title: "p99 ms", key: "p99Ms", write: whole },
  { title: "p99.9 ms", key: "p999Ms", write: whole },
  { title: "to the slow two", key: "slowRatio", write: (ratio) => `${(100 * ratio).toFixed(1)} %` },
];

const policies: readonly { readonly name: string; readonly make: () => Policy }[] = [
  { name: "round robin", make: roundRobin },
  { name: "random", make: random },
  { name: "least request, two choices", make: leastRequest },
  { name: "peak EWMA, two choices, the default", make: peakEwma },
];

async function once(policy: Policy, seed: number): Promise<Figures> {
  const sim = new Simulation({ seed });
  const machines = machinesOf(sim, servers, slots, (index) => (index < slow ? slowness * meanMs : meanMs));
  const balancer = balancerOf(sim, machines, policy);
  const tally = new Tally(sim, { fromMs, untilMs });
  openLoop(sim, { ratePerSecond, untilMs }, () => void tally.track(balancer.run(({ server }) => server.serve())));
  await sim.run(4 * untilMs); // what came in time is answered
  const picks = balancer.stats.endpoints.map((endpoint) => endpoint.picks);
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return { meanMs: tally.meanMs, p99Ms: tally.quantileMs(0.99), p999Ms: tally.quantileMs(0.999), slowRatio: sum(picks.slice(0, slow)) / sum(picks) };
}

export async function slowHosts({ seeds, progress }: RunOptions): Promise<Table> {
  const rows: Figures[][] = [];
  for (const { make } of policies) {
    rows.push(await overSeeds(seeds, (seed) => once(make(), seed)));
    progress(rows.length / policies.length);
  }
  const [blind = [], , least = [], ewma = []] = rows;
  const best = Math.min(...blind.map(({ p99Ms }) => p99Ms));
  const leastP99 = worst(least, ({ p99Ms }) => p99Ms);
  const ewmaP999 = worst(ewma, ({ p999Ms }) => p999Ms);
  return {
    title: "Two of twenty are slow",
    setup: [
      `${servers} servers of ${slots} slots, service exponential with mean ${meanMs} ms, ${slow} of them ${slowness} times slower; ${ratePerSecond.toFixed(0)} calls a second, Poisson: ${100 * load} % of all they can;`,
      `calls of ${fromMs / 1000} to ${untilMs / 1000} s. Blind policies overload the slow ones, so their figures grow with the time. Medians over the seeds.`,
    ],
    columns: columns.map(({ title }) => title),
    lines: policies.map(({ name }, index) => lineOf(name, columns, rows[index] ?? [])),
    claims: [
      { claim: "two choices by load have a tenth of round robin's p99 or less", holds: leastP99 * 10 <= best, found: `${whole(leastP99)} ms against ${whole(best)}` },
      {
        claim: "durations help the tail beyond what is in flight: p99.9 of peak EWMA against least request",
        holds: ewma.every(({ p999Ms }, index) => p999Ms < (least[index]?.p999Ms ?? 0)),
        found: `${whole(ewmaP999)} ms against ${whole(worst(least, ({ p999Ms }) => p999Ms))}`,
      },
    ],
  };
}
