import { adaptiveLifo, codel, ConcurrencyLimiter, fifo, lifo, type ConcurrencyLimiterOptions } from "@breakwater/limiter";
import { exponential, openLoop, Server, Simulation, Tally } from "@breakwater/sim";
import type { Cell, Experiment, Line, Table } from "../experiment.ts";
import { medians } from "../statistics.ts";

/**
 * Which order of service keeps a server useful when more comes than it can do?
 *
 * The limiter is the server's own admission: as many at a time as there are workers, and its line is the only queue. The
 * published column is the model of `reference/limiter.md` 5.3, drawn with another random generator.
 */
const slots = 10;
const meanMs = 10;
const capacityPerSecond = (1000 * slots) / meanMs;
const sloMs = 100;
const fromMs = 10_000;
const untilMs = 40_000;
const loads = [0.9, 1, 1.1, 1.5, 2, 3] as const;

interface Policy {
  readonly name: string;
  readonly options: Partial<ConcurrencyLimiterOptions>;
  /** Published goodput per second and p99 in ms, one for each load. */
  readonly published: readonly string[];
}

const policies: readonly Policy[] = [
  { name: "fifo, unbounded", options: { queue: fifo() }, published: ["906/60", "708/170", "0/5436", "0", "0", "0"] },
  { name: "fifo, at most 1000", options: { queueLimit: 1000 }, published: ["906", "708", "0/1074", "0", "0", "0"] },
  { name: "fifo, at most 100", options: { queueLimit: 100 }, published: ["906/60", "848/131", "528/143", "314/148", "290/151", "277/151"] },
  { name: "fifo, at most 5", options: { queueLimit: 5 }, published: ["852/47", "897", "936", "995/49", "994/50", "1002/51"] },
  { name: "no queue", options: { queueLimit: 0 }, published: ["751/46", "788", "817", "881", "921", "957/47"] },
  { name: "fifo, waits at most 50 ms", options: { queueTimeoutMs: sloMs / 2 }, published: ["", "", "", "", "", ""] },
  { name: "lifo, unbounded", options: { queue: lifo() }, published: ["891/142", "948/1248", "978/196", "1004/53", "1004/47", "1005/47"] },
  { name: "codel", options: { queue: codel() }, published: ["894/54", "956/61", "982/68", "1003/85", "1001/74", "1004/57"] },
  { name: "adaptiveLifo", options: { queue: adaptiveLifo() }, published: ["888/52", "938/56", "969/59", "997/72", "999/80", "998/76"] },
];

interface Figures {
  readonly goodPerSecond: number;
  readonly p99Ms: number;
  /** Of those that were offered. */
  readonly goodRatio: number;
}

async function once(options: Partial<ConcurrencyLimiterOptions>, load: number, seed: number): Promise<Figures> {
  const sim = new Simulation({ seed });
  const server = new Server(sim, { slots, serviceMs: exponential(meanMs) });
  const limiter = new ConcurrencyLimiter({ limit: slots, queueLimit: Infinity, clock: sim.clock, ...options });
  const tally = new Tally(sim, { fromMs, untilMs, sloMs });
  openLoop(sim, { ratePerSecond: load * capacityPerSecond }, () => void tally.track(limiter.run(() => server.serve())));
  await sim.run(untilMs);
  return { goodPerSecond: tally.goodPerSecond, p99Ms: tally.quantileMs(0.99), goodRatio: tally.good / tally.offered };
}

function cellOf(runs: readonly Figures[], published: string): Cell {
  const values = medians(runs);
  const ours = `${values.goodPerSecond.toFixed(0)}/${values.p99Ms.toFixed(0)}`;
  return { text: published === "" ? ours : `${ours} (${published})`, values };
}

export const queues: Experiment = {
  name: "queues",
  about: "Goodput and latency of the queue disciplines, from 0.9 to 3 times the capacity",
  async run({ seeds, progress }) {
    const lines: Line[] = [];
    const worst = new Map<string, Map<number, Figures[]>>();
    let done = 0;
    for (const { name, options, published } of policies) {
      const cells: Cell[] = [];
      for (const [index, load] of loads.entries()) {
        const runs: Figures[] = [];
        for (const seed of seeds) runs.push(await once(options, load, seed));
        cells.push(cellOf(runs, published[index] ?? ""));
        worst.set(name, (worst.get(name) ?? new Map<number, Figures[]>()).set(load, runs));
        progress((done += 1) / (policies.length * loads.length));
      }
      lines.push({ name, cells });
    }
    return [tableOf(lines, (name, load) => worst.get(name)?.get(load) ?? [])];
  },
};

function tableOf(lines: readonly Line[], runsOf: (name: string, load: number) => readonly Figures[]): Table {
  const least = (name: string, among: readonly number[], read: (figures: Figures) => number): number =>
    Math.min(...among.flatMap((load) => runsOf(name, load).map(read)));
  const overloads = loads.filter((load) => load > 1);
  const share = ({ goodPerSecond }: Figures): number => goodPerSecond / capacityPerSecond;
  const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)} %`;
  const unbounded = Math.max(...runsOf("fifo, unbounded", 2).map(share));
  return {
    title: "Queue disciplines under overload",
    setup: [
      `${slots} workers, Exp(${meanMs} ms), so ${capacityPerSecond}/s; Poisson arrivals; answers are good within ${sloMs} ms;`,
      `${untilMs / 1000} s, the first ${fromMs / 1000} s left out; medians over the seeds.`,
      "Cells: good answers a second / p99 of all answers in ms (published).",
    ],
    columns: loads.map((load) => `x${load}`),
    lines,
    claims: [
      ...["codel", "adaptiveLifo"].flatMap((name) => {
        const atTwo = least(name, [2], share);
        const over = least(name, overloads, share);
        const below = least(name, [0.9], ({ goodRatio }) => goodRatio);
        return [
          { claim: `${name}: at least 95 % of the capacity is good at x2`, holds: atTwo >= 0.95, found: percent(atTwo) },
          { claim: `${name}: at least 96 % at x1.1 to x3`, holds: over >= 0.96, found: percent(over) },
          { claim: `${name}: at least 98 % of what is offered at x0.9`, holds: below >= 0.98, found: percent(below) },
        ];
      }),
      { claim: "an unbounded fifo gives nothing at x2", holds: unbounded < 0.01, found: percent(unbounded) },
    ],
  };
}
