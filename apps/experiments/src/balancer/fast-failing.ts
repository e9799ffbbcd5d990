import { leastRequest, peakEwma, roundRobin, type BalancerOptions, type Policy } from "@breakwater/balancer";
import { openLoop, Simulation, Tally } from "@breakwater/sim";
import type { RunOptions, Table } from "../experiment.ts";
import { lineOf, overSeeds, whole, worst, type Column } from "../figures.ts";
import { balancerOf, machinesOf, type Machine } from "./fleet.ts";

/** How much does an endpoint draw that fails at once? And what does a penalty cost that all get now and then? */
const servers = 20;
const slots = 4;
const meanMs = 20;
const failMs = 0.5;
const load = 0.7;
const errorRatio = 0.001;
const untilMs = 20_000;
const ratePerSecond = (load * 1_000 * slots * (servers - 1)) / meanMs;

interface Figures {
  /** Of the one that fails at once. */
  readonly share: number;
  /** Where none fails at once, and all fail now and then. */
  readonly p99Ms: number;
}

const percent = (ratio: number): string => `${(100 * ratio).toFixed(2)} %`;
const columns: readonly Column<Figures>[] = [
  { title: "share of the calls", key: "share", write: percent },
  { title: "p99 ms, all err", key: "p99Ms", write: whole },
];

const rivals: readonly { readonly name: string; readonly make: () => Policy; readonly options?: BalancerOptions<Machine> }[] = [
  { name: "round robin", make: roundRobin },
  { name: "least request, two choices", make: leastRequest },
  { name: "peak EWMA, no penalty", make: () => peakEwma({ failurePenaltyMs: 0 }) },
  { name: "peak EWMA, penalty 1 s, the default", make: peakEwma },
  { name: "peak EWMA, penalty 5 s (linkerd)", make: () => peakEwma({ failurePenaltyMs: 5_000 }) },
  { name: "least request and ejection, the defaults", make: leastRequest, options: { ejection: {} } },
  { name: "peak EWMA and ejection, the defaults", make: peakEwma, options: { ejection: {} } },
];

type Rival = (typeof rivals)[number];

async function shareOf({ make, options }: Rival, seed: number): Promise<number> {
  const sim = new Simulation({ seed });
  const machines = machinesOf(sim, servers, slots, () => meanMs);
  const [broken] = machines;
  const balancer = balancerOf(sim, machines, make(), options);
  const ask = async (machine: Machine): Promise<void> => {
    if (machine !== broken) return machine.server.serve();
    await sim.sleep(failMs);
    throw new Error("503");
  };
  openLoop(sim, { ratePerSecond, untilMs }, () => void balancer.run(ask).catch(() => undefined));
  await sim.run(untilMs);
  const picks = balancer.stats.endpoints.map((endpoint) => endpoint.picks);
  return (picks[0] ?? 0) / picks.reduce((sum, count) => sum + count, 0);
}

async function p99Of({ make, options }: Rival, seed: number): Promise<number> {
  const sim = new Simulation({ seed });
  const balancer = balancerOf(sim, machinesOf(sim, servers, slots, () => meanMs), make(), options);
  const chance = sim.stream("errors");
  const tally = new Tally(sim, { untilMs });
  const ask = async ({ server }: Machine): Promise<void> => {
    await server.serve();
    if (chance() < errorRatio) throw new Error("500");
  };
  openLoop(sim, { ratePerSecond, untilMs }, () => void tally.track(balancer.run(ask).catch(() => undefined)));
  await sim.run(2 * untilMs);
  return tally.quantileMs(0.99);
}

export async function fastFailing({ seeds, progress }: RunOptions): Promise<Table> {
  const rows: Figures[][] = [];
  for (const rival of rivals) {
    rows.push(await overSeeds(seeds, async (seed) => ({ share: await shareOf(rival, seed), p99Ms: await p99Of(rival, seed) })));
    progress(rows.length / rivals.length);
  }
  const p99s = rows.map((runs) => worst(runs, ({ p99Ms }) => p99Ms));
  const shares = rows.map((runs) => worst(runs, ({ share }) => share));
  const least = Math.min(...[...(rows[1] ?? []), ...(rows[2] ?? [])].map(({ share }) => share));
  return {
    title: "One of twenty fails at once, or all fail now and then",
    setup: [
      `${servers} servers of ${slots} slots, service exponential with mean ${meanMs} ms, one of them fails after ${failMs} ms; ${ratePerSecond.toFixed(0)} calls a second, Poisson: ${100 * load} % of what the others can;`,
      `${untilMs / 1000} s. An even share is 5 %, and 10 % is all that two choices can send to one of twenty. Beside it the p99 where instead all are well, but`,
      `answer one call in ${1 / errorRatio} with an error, after its time: what a penalty costs that nobody deserves. Medians over the seeds.`,
    ],
    columns: columns.map(({ title }) => title),
    lines: rivals.map(({ name }, index) => lineOf(name, columns, rows[index] ?? [])),
    claims: [
      { claim: "without a penalty it draws nearly twice its share", holds: least > 0.09, found: percent(least) },
      { claim: "with the default penalty it gets 3 % or less", holds: (shares[3] ?? 1) <= 0.03, found: percent(shares[3] ?? NaN) },
      { claim: "ejection alone does as much: 3 % or less", holds: (shares[5] ?? 1) <= 0.03, found: percent(shares[5] ?? NaN) },
      {
        claim: "errors that all make now and then raise the p99 by half at most, with the default penalty",
        holds: (p99s[3] ?? Infinity) <= 1.5 * (p99s[2] ?? 0),
        found: `${whole(p99s[3] ?? NaN)} ms against ${whole(p99s[2] ?? NaN)}, and ${whole(p99s[4] ?? NaN)} with 5 s`,
      },
    ],
  };
}
