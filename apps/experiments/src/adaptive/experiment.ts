import { aimd, bandwidthDelay, gradient, gradient2, vegas } from "@breakwater/limiter";
import type { Cell, Claim, Experiment, Line, Table } from "../experiment.ts";
import { medians } from "../statistics.ts";
import { rawAimd, rawEnvoy, rawGradient2, rawVegas } from "./rivals.ts";
import { capacityPerSecond, networkMs, serviceMs, simulate, slots, type Figures, type Limit, type World } from "./world.ts";

/**
 * Which strategy finds the limit that keeps a server busy and quick, and keeps it when things change?
 *
 * The oracle is the best fixed limit, found by trying. The published figures are those of `reference/limiter.md` 5.5, of
 * the same world with another random generator; there the runs are 120 s long, here 60 s: the figures stay the same.
 */
interface Candidate {
  readonly name: string;
  readonly limit: Limit;
  /** For the columns below. */
  readonly published: readonly string[];
}

const oracle: Candidate = { name: "fixed 20, the oracle", limit: 20, published: ["497", "992 16/56", "996 16/56", "1000 17/56", "", "1000 19/20"] };
const ours: Candidate = { name: "bandwidthDelay, the default", limit: bandwidthDelay(), published: [] };
const candidates: readonly Candidate[] = [
  oracle,
  { name: "fixed 12", limit: 12, published: ["492", "878 9/48", "906", "929", "", "928 12/14"] },
  ours,
  { name: "vegas", limit: vegas(), published: [] },
  { name: "gradient", limit: gradient(), published: [] },
  { name: "gradient2", limit: gradient2(), published: [] },
  { name: "aimd, timeout 50 ms", limit: aimd({ timeoutMs: 50 }), published: [] },
  { name: "Netflix Vegas", limit: rawVegas, published: ["414", "549", "561", "571", "", "951 18/32"] },
  { name: "Netflix Gradient2", limit: rawGradient2, published: ["497", "992 198/245", "999 39/113", "996 40/117", "", "999 52/101"] },
  { name: "Netflix AIMD, 5 s", limit: rawAimd(5000, 20), published: ["498", "199/246", "199/246", "199/245", "", "199/200"] },
  { name: "Netflix AIMD, 50 ms", limit: rawAimd(50, 1), published: ["498", "821 35/90", "798", "781", "", "822 43/94"] },
  { name: "Envoy gradient", limit: rawEnvoy, published: ["494", "965 13/52", "969 12/52", "988 13/52", "", "997 18/20"] },
];

const columns: readonly Pick<World, "service" | "load">[] = [
  { service: "Exp", load: 0.5 },
  { service: "Exp", load: 1.5 },
  { service: "Exp", load: 2 },
  { service: "Exp", load: 3 },
  { service: "Det", load: 1.5 },
  { service: "Det", load: 2 },
];
const steady = { fromMs: 30_000, untilMs: 60_000 };
const halved = { service: "Exp", load: 0.9, halvedAtMs: 30_000, fromMs: 35_000, untilMs: 55_000 } as const;
// Of the fixed limits for half of the workers, the smallest that loses no throughput.
const oracleWhenHalved = 12;

type Runs = ReadonlyMap<Candidate, readonly (readonly Figures[])[]>;

export const adaptive: Experiment = {
  name: "adaptive",
  about: "Adaptive limits against the best fixed one: throughput, latency, what is refused, and a loss of capacity",
  async run({ seeds, progress }) {
    const runs = new Map<Candidate, Figures[][]>();
    let done = 0;
    for (const candidate of candidates) {
      const rows: Figures[][] = [];
      // The others are here for comparison; claims are made of ours.
      const own = candidate === ours || candidate === oracle ? seeds : seeds.slice(0, 1);
      for (const world of [...columns.map((column) => ({ ...column, ...steady })), halved]) {
        rows.push(await overSeeds(own, (seed) => simulate({ ...world, limit: candidate.limit, seed })));
        progress((done += 1) / (candidates.length * (columns.length + 1)));
      }
      runs.set(candidate, rows);
    }
    const newOracle = await overSeeds(seeds, (seed) => simulate({ ...halved, limit: oracleWhenHalved, seed }));
    return [steadyTable(runs), halvedTable(runs, newOracle)];
  },
};

async function overSeeds(seeds: readonly number[], run: (seed: number) => Promise<Figures>): Promise<Figures[]> {
  const all: Figures[] = [];
  for (const seed of seeds) all.push(await run(seed));
  return all;
}

function cellOf(runs: readonly Figures[], published = ""): Cell {
  const values = medians(runs);
  const { answeredPerSecond, p50Ms, p99Ms, meanLimit } = values;
  const text = `${answeredPerSecond.toFixed(0)} ${p50Ms.toFixed(0)}/${p99Ms.toFixed(0)} L${meanLimit.toFixed(0)}`;
  return { text: published === "" ? text : `${text} (${published})`, values };
}

const worldSetup = `${slots} workers of ${serviceMs} ms, ${networkMs} ms of network: bandwidth-delay product 12; Poisson arrivals; who finds the limit reached is refused;`;

function steadyTable(runs: Runs): Table {
  return {
    title: "Adaptive limits in steady load",
    setup: [
      worldSetup,
      `${steady.untilMs / 1000} s, the last ${(steady.untilMs - steady.fromMs) / 1000} s count; the default and the oracle over all seeds (medians), the rest of the first.`,
      "Cells: answers a second, p50/p99 in ms, mean limit (published).",
    ],
    columns: columns.map(({ service, load }) => `${service} x${load}`),
    lines: [...runs].map(([{ name, published }, rows]): Line => ({
      name,
      cells: columns.map((_, index) => cellOf(rows[index] ?? [], published[index])),
    })),
    claims: steadyClaims(runs),
  };
}

function steadyClaims(runs: Runs): Claim[] {
  const rows = runs.get(ours) ?? [];
  const best = runs.get(oracle) ?? [];
  const overloaded = columns.flatMap(({ load }, index) => (load > 1 ? [index] : []));
  const throughput = Math.min(...overloaded.flatMap((i) => (rows[i] ?? []).map((run) => run.answeredPerSecond / capacityPerSecond)));
  // Run by run, each against the oracle that met the same arrivals.
  const latency = Math.max(...overloaded.flatMap((i) => (rows[i] ?? []).map((run, seed) => run.p99Ms / (best[i]?.[seed]?.p99Ms ?? NaN))));
  const refused = Math.max(...(rows[0] ?? []).map(({ refusedRatio }) => refusedRatio));
  const limit = Math.max(...(rows[0] ?? []).map(({ meanLimit }) => meanLimit));
  return [
    { claim: "the default gives at least 97 % of the capacity at x1.5 to x3", holds: throughput >= 0.97, found: `${(100 * throughput).toFixed(1)} %` },
    { claim: "its p99 is at most 1.25 times the oracle's", holds: latency <= 1.25, found: `${latency.toFixed(2)} times` },
    { claim: "it refuses less than 0.5 % at x0.5", holds: refused < 0.005, found: `${(100 * refused).toFixed(2)} %` },
    { claim: "its limit is then at most 4 times the bandwidth-delay product", holds: limit <= 48, found: `${(limit / 12).toFixed(1)} times` },
  ];
}

function halvedTable(runs: Runs, newOracle: readonly Figures[]): Table {
  const index = columns.length;
  const ratio = Math.max(...(runs.get(ours)?.[index] ?? []).map((run, seed) => run.p99Ms / (newOracle[seed]?.p99Ms ?? NaN)));
  const lines = [...runs].map(([{ name }, rows]): Line => ({ name, cells: [cellOf(rows[index] ?? [])] }));
  return {
    title: "Adaptive limits when capacity halves",
    setup: [worldSetup, `load x0.9; half of the workers go at 30 s; what arrives from 5 s to 25 s later counts.`, "Cells as above."],
    columns: ["halved"],
    lines: [{ name: `fixed ${oracleWhenHalved}, the new oracle`, cells: [cellOf(newOracle)] }, ...lines],
    claims: [{ claim: "5 s later the default's p99 is within 1.6 times the new oracle's", holds: ratio <= 1.6, found: `${ratio.toFixed(2)} times` }],
  };
}
