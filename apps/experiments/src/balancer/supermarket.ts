import { powerOfTwo, random, type Policy } from "@breakwater/balancer";
import { openLoop, Simulation, Tally } from "@breakwater/sim";
import type { Line, RunOptions, Table } from "../experiment.ts";
import { overSeeds } from "../figures.ts";
import { median } from "../statistics.ts";
import { balancerOf, machinesOf } from "./fleet.ts";

/**
 * The supermarket model (Mitzenmacher 1996, Vvedenskaya 1996): the mean time in the system, in service times, with infinitely many
 * servers of one slot is `sum over i >= 1 of rho^(2^i - 2)` with two choices, and 1 / (1 - rho) with one.
 */
const serversFor = { 1: 150, 2: 250 } as const;
const meanMs = 1;

interface Run {
  readonly rho: number;
  readonly choices: 1 | 2;
  /** In service times: one choice needs long to come to rest, and at 0.99 longer than anybody wants to wait. */
  readonly untilMs: number;
  /** How far from the computed value it may be. */
  readonly tolerance: number;
}

const runs: readonly Run[] = [
  { rho: 0.9, choices: 1, untilMs: 1_200, tolerance: 0.15 },
  { rho: 0.95, choices: 1, untilMs: 2_400, tolerance: 0.2 },
  { rho: 0.9, choices: 2, untilMs: 300, tolerance: 0.06 },
  { rho: 0.95, choices: 2, untilMs: 400, tolerance: 0.08 },
  { rho: 0.99, choices: 2, untilMs: 1_200, tolerance: 0.15 },
];

function computed({ rho, choices }: Pick<Run, "rho" | "choices">): number {
  if (choices === 1) return 1 / (1 - rho);
  let sum = 0;
  for (let i = 1; i < 40; i += 1) sum += rho ** (2 ** i - 2);
  return sum;
}

async function once({ rho, choices, untilMs }: Run, policy: Policy, seed: number): Promise<number> {
  const sim = new Simulation({ seed });
  const servers = serversFor[choices];
  const balancer = balancerOf(sim, machinesOf(sim, servers, 1, () => meanMs), policy);
  const tally = new Tally(sim, { fromMs: untilMs / 2, untilMs });
  openLoop(sim, { ratePerSecond: (rho * servers * 1_000) / meanMs, untilMs }, () => void tally.track(balancer.run(({ server }) => server.serve())));
  await sim.run(2 * untilMs);
  return tally.meanMs / meanMs;
}

export async function supermarket({ seeds, progress }: RunOptions): Promise<Table> {
  const means: number[][] = [];
  for (const run of runs) {
    means.push(await overSeeds(seeds, (seed) => once(run, run.choices === 1 ? random() : powerOfTwo(), seed)));
    progress(means.length / runs.length);
  }
  const lines = runs.map((run, index): Line => {
    const [ours, oracle] = [median(means[index] ?? []), computed(run)];
    return {
      name: `load ${run.rho}, ${run.choices === 1 ? "random" : "power of two"}`,
      cells: [{ text: ours.toFixed(2), values: { mean: ours } }, { text: oracle.toFixed(2), values: { computed: oracle } }],
    };
  });
  return {
    title: "One choice and two: the supermarket model",
    setup: [
      `${serversFor[2]} servers of one slot (with one choice ${serversFor[1]}: it makes no difference), exponential service, Poisson arrivals; mean time in the`,
      `system, in service times. The computed figures are for infinitely many servers;`,
      `with one choice a load of 0.99 gives ${computed({ rho: 0.99, choices: 1 }).toFixed(0)}, after 40,000 service times. Medians over the seeds.`,
    ],
    columns: ["ours", "computed"],
    lines,
    claims: runs.map((run, index) => {
      const oracle = computed(run);
      const furthest = Math.max(...(means[index] ?? []).map((mean) => Math.abs(mean / oracle - 1)));
      return {
        claim: `${lines[index]?.name ?? ""}: within ${Math.round(100 * run.tolerance)} % of the computed ${oracle.toFixed(2)}`,
        holds: furthest <= run.tolerance,
        found: `${(100 * furthest).toFixed(1)} % off`,
      };
    }),
  };
}
