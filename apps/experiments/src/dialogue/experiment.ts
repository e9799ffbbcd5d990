import type { Cell, Claim, Experiment, Line, Table } from "../experiment.ts";
import { medians } from "../statistics.ts";
import { publishedFor } from "./published.ts";
import { scenarios, type Scenario } from "./scenarios.ts";
import { improved, limited, strategies, type Strategy } from "./strategy.ts";
import { simulate, type Figures } from "./world.ts";

/**
 * What a limit on the client's side is worth when servers slow down, fail or vanish: palantir/dialogue's simulations with
 * our AIMD in the place of its own, and a client that does better where dialogue's can be beaten.
 *
 * dialogue draws its numbers once; here each seed draws its own, which matters where a client pins itself to one of two.
 */
type Runs = (scenario: string, strategy: Strategy) => readonly Figures[];

export const dialogue: Experiment = {
  name: "dialogue",
  about: "A limit on the client's side in palantir/dialogue's eleven scenarios of trouble, beside its own figures",
  async run({ seeds, progress }) {
    const all = new Map<string, readonly Figures[]>();
    let done = 0;
    for (const scenario of scenarios) {
      for (const strategy of strategies) {
        const runs: Figures[] = [];
        for (const seed of seeds) runs.push(await simulate(scenario, strategy, seed));
        all.set(`${scenario.name} ${strategy.name}`, runs);
        progress((done += 1) / (scenarios.length * strategies.length));
      }
    }
    return [tableOf((scenario, strategy) => all.get(`${scenario} ${strategy.name}`) ?? [])];
  },
};

function tableOf(runs: Runs): Table {
  return {
    title: "palantir/dialogue's simulations",
    setup: [
      "Cells: success, mean response, answers of the servers; with sticky sessions the least and greatest mean of a session (published).",
      "Limiter: an AIMD from 20 for each client and server, and one for each endpoint behind it; what finds no room waits. 4 retries after 250 ms * random * 2^(k-1).",
      "Improved: an attempt is given up after 10 usual times, counts as a failure and is sent again (so calls must be safe to send twice);",
      "sticky sessions share the turns at one limiter; a 429 goes straight back into its line.",
      "server_side_rate_limits is 25 times shorter than published: success and answers per request stay the same, its means grow with its length.",
      "Medians over the seeds.",
    ],
    columns: strategies.map(({ name }) => name),
    lines: scenarios.map((scenario): Line => ({
      name: scenario.name,
      cells: strategies.map((strategy) => cellOf(scenario, strategy, runs(scenario.name, strategy))),
    })),
    claims: claimsOf(runs),
  };
}

function cellOf(scenario: Scenario, strategy: Strategy, runs: readonly Figures[]): Cell {
  const values = medians(runs);
  const published = publishedFor(scenario.name, strategy);
  const clients = scenario.isSticky === true ? ([values.leastClientMean, values.greatestClientMean] as const) : undefined;
  const ours = textOf({ ...values, clients });
  return { text: published === undefined ? ours : `${ours} (${textOf(published)})`, values };
}

interface Shown {
  readonly successPercent: number;
  readonly meanSeconds?: number;
  readonly serverAnswers: number;
  readonly clients?: readonly [number, number] | undefined;
}

function textOf({ successPercent, meanSeconds, serverAnswers, clients }: Shown): string {
  const parts = [`${successPercent.toFixed(1)}%`, meanSeconds === undefined ? "-" : seconds(meanSeconds), serverAnswers.toFixed(0)];
  return [...parts, ...(clients === undefined ? [] : [clients.map(seconds).join("..")])].join(" ");
}

function seconds(value: number): string {
  return `${value.toFixed(value < 1 ? 3 : value < 100 ? 1 : 0)}s`;
}

function claimsOf(runs: Runs): Claim[] {
  const names = scenarios.map(({ name }) => name);
  const success = worst(names.map((name) => [name, apart(runs, name, "successPercent", (ours, theirs) => ours - theirs)]));
  const mean = worst(names.map((name) => [name, apart(runs, name, "meanSeconds", (ours, theirs) => 100 * (ours / theirs - 1))]));
  const answers = worst(names.map((name) => [name, apart(runs, name, "serverAnswers", (ours, theirs) => 100 * (ours / theirs - 1))]));
  const lost = worst(names.map((name) => [name, lostBy(runs, name)]));
  return [
    { claim: "with our AIMD, success is within 3 points of dialogue's, everywhere", holds: success.by <= 3, found: `${success.by.toFixed(1)} in ${success.name}` },
    { claim: "its mean response is within 30 %", holds: mean.by <= 30, found: `${mean.by.toFixed(1)} % in ${mean.name}` },
    { claim: "its servers answer as often, within 10 %", holds: answers.by <= 10, found: `${answers.by.toFixed(1)} % in ${answers.name}` },
    ...improvements(runs),
    { claim: "improved loses at most 0.5 points of success anywhere", holds: lost.by <= 0.5, found: `${lost.by.toFixed(1)} in ${lost.name}` },
  ];
}

function improvements(runs: Runs): Claim[] {
  const of = (name: string, read: (figures: Figures) => number): number[] => runs(name, improved).map(read);
  const blackHole = Math.min(...of("black_hole", ({ successPercent }) => successPercent));
  const spread = Math.max(...of("sticky, fairness", (figures) => figures.greatestClientMean / figures.leastClientMean));
  const steady = Math.max(...of("sticky, steady and bursty", ({ leastClientMean }) => leastClientMean));
  const slowdown = Math.max(...of("drastic_slowdown", ({ meanSeconds }) => meanSeconds));
  return [
    { claim: "improved survives the black hole: at least 99 % (91.5 %)", holds: blackHole >= 99, found: `${blackHole.toFixed(1)} %` },
    { claim: "improved is fair: no session waits 1.5 times as long as another (4.1)", holds: spread <= 1.5, found: `${spread.toFixed(2)} times` },
    { claim: "improved keeps the steady session under 0.1 s beside the burst (0.45 s)", holds: steady < 0.1, found: seconds(steady) },
    { claim: "improved hardly feels the slowdown: under 0.1 s (0.252 s, pinned 3.12 s)", holds: slowdown < 0.1, found: seconds(slowdown) },
  ];
}

/** How far our medians with the limiter are from what was published. */
function apart(runs: Runs, name: string, key: "successPercent" | "meanSeconds" | "serverAnswers", distance: (ours: number, theirs: number) => number): number {
  const published = publishedFor(name, limited)?.[key];
  return published === undefined ? 0 : Math.abs(distance(medians(runs(name, limited))[key], published));
}

/** Seed by seed: both met the same arrivals. */
function lostBy(runs: Runs, name: string): number {
  const before = runs(name, limited);
  return Math.max(...runs(name, improved).map(({ successPercent }, seed) => (before[seed]?.successPercent ?? NaN) - successPercent));
}

function worst(all: readonly (readonly [string, number])[]): { readonly name: string; readonly by: number } {
  const [name, by] = all.reduce((one, other) => (other[1] > one[1] ? other : one));
  return { name, by };
}
