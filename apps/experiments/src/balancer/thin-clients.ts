import { leastRequest, peakEwma, prequal, type Policy } from "@breakwater/balancer";
import { openLoop, Simulation, Tally } from "@breakwater/sim";
import type { Line, RunOptions, Table } from "../experiment.ts";
import { overSeeds, whole } from "../figures.ts";
import { median } from "../statistics.ts";
import { balancerOf, machinesOf, type Machine } from "./fleet.ts";

/** Who gains from asking the servers? The same traffic, through one balancer or through a thousand. */
const servers = 50;
const slots = 4;
const meanMs = 20;
const load = 0.7;
const fromMs = 2_000;
const untilMs = 8_000;
const isSlow = (index: number): boolean => index % 10 < 3;
const ratePerSecond = (load * 1_000 * servers * slots * 0.85) / meanMs;
const clientCounts = [1, 50, 1_000] as const;

const policies: readonly { readonly name: string; readonly make: () => Policy }[] = [
  { name: "least request, two choices", make: leastRequest },
  { name: "peak EWMA, two choices", make: peakEwma },
  { name: "prequal", make: () => prequal({ probe: (machine: Machine) => machine.load.answer() }) },
];

/** The p99, in ms. */
async function once(policy: Policy, clients: number, seed: number): Promise<number> {
  const sim = new Simulation({ seed });
  const machines = machinesOf(sim, servers, slots, (index) => (isSlow(index) ? 2 * meanMs : meanMs));
  const balancers = Array.from({ length: clients }, () => balancerOf(sim, machines, policy));
  const whose = sim.stream("clients");
  const tally = new Tally(sim, { fromMs, untilMs });
  openLoop(sim, { ratePerSecond, untilMs }, () => {
    const balancer = balancers[Math.floor(whose() * clients)];
    if (balancer !== undefined) void tally.track(balancer.run(({ server, load: probe }) => probe.run(() => server.serve())));
  });
  await sim.run(4 * untilMs);
  return tally.quantileMs(0.99);
}

export async function thinClients({ seeds, progress }: RunOptions): Promise<Table> {
  const table: number[][][] = [];
  for (const [index, { make }] of policies.entries()) {
    const row: number[][] = [];
    for (const clients of clientCounts) {
      row.push(await overSeeds(seeds, (seed) => once(make(), clients, seed)));
      progress((index + row.length / clientCounts.length) / policies.length);
    }
    table.push(row);
  }
  const [least = [], ewma = [], asked = []] = table.map((row) => row.map(median));
  return {
    title: "Asking the servers: Prequal by number of clients",
    setup: [
      `${servers} servers of ${slots} slots, service exponential with mean ${meanMs} ms, three in ten at half the speed; ${ratePerSecond.toFixed(0)} calls a second, Poisson: ${100 * load} %`,
      `of all they can, each through one of so many clients, drawn at random; calls of ${fromMs / 1000} to ${untilMs / 1000} s; p99 in ms. Probes take no time. Medians over the seeds.`,
    ],
    columns: clientCounts.map((count) => (count === 1 ? "1 client" : `${count} clients`)),
    lines: policies.map(({ name }, index): Line => ({ name, cells: (table[index] ?? []).map((runs) => ({ text: whole(median(runs)), values: { p99Ms: median(runs) } })) })),
    claims: [
      {
        claim: "with fifty clients durations are enough: half the p99 of least request or less, and asking gains less than a fifth",
        holds: 2 * (ewma[1] ?? Infinity) <= (least[1] ?? 0) && (asked[1] ?? 0) > 0.8 * (ewma[1] ?? Infinity),
        found: `${whole(ewma[1] ?? NaN)} ms against ${whole(least[1] ?? NaN)}, and ${whole(asked[1] ?? NaN)} of prequal`,
      },
      {
        claim: "with a thousand clients asking halves the p99 of least request, or better",
        holds: 2 * (asked[2] ?? Infinity) <= (least[2] ?? 0),
        found: `${whole(asked[2] ?? NaN)} ms against ${whole(least[2] ?? NaN)}, and ${whole(ewma[2] ?? NaN)} of peak EWMA`,
      },
      {
        claim: "a client that sees all traffic gains next to nothing: less than a fifth",
        holds: (asked[0] ?? 0) > 0.8 * (ewma[0] ?? Infinity),
        found: `${whole(asked[0] ?? NaN)} ms against ${whole(ewma[0] ?? NaN)} of peak EWMA`,
      },
    ],
  };
}
