import { anyOf, Breaker, consecutiveFailures, slowCalls } from "@breakwater/breaker";
import { openLoop, Simulation, Tally } from "@breakwater/sim";
import type { RunOptions, Table } from "../experiment.ts";
import { lineOf, overSeeds, seconds, whole, worst, type Column } from "../figures.ts";

/**
 * What does a call cost that never comes back?
 *
 * A probe that is lost keeps the breaker half-open for as long as its place is kept for it: with no lease, for ever. And a
 * dependency that swallows calls produces no failure at all, unless calls are seen to be slow while they hang.
 */
const ratePerSecond = 100;
const answerMs = 20;
const downFromMs = 10_000;
const blackHoleFromMs = 40_000;
const wellFromMs = 50_000;
const untilMs = 350_000;
const breakMs = 5_000;

interface Policy {
  readonly name: string;
  readonly probeTimeoutMs: number;
  readonly slowMs?: number;
}

const policies: readonly Policy[] = [
  { name: "no lease (opossum, Polly v8, resilience4j, gobreaker)", probeTimeoutMs: Infinity },
  { name: "Breaker, lease 30 s", probeTimeoutMs: 30_000 },
  { name: "Breaker, lease as long as the break, the default", probeTimeoutMs: breakMs },
  { name: "Breaker, lease 1 s", probeTimeoutMs: 1_000 },
  { name: "Breaker, slow calls of 1 s trip as well", probeTimeoutMs: breakMs, slowMs: 1_000 },
];

interface Figures {
  /** From when the dependency was well until the breaker closed. */
  readonly lateMs: number;
  /** Calls that were never answered, of both holes. */
  readonly swallowed: number;
  /** Good answers among what came after it was well. */
  readonly goodRatio: number;
}

const columns: readonly Column<Figures>[] = [
  { title: "closes after", key: "lateMs", write: seconds },
  { title: "calls swallowed", key: "swallowed", write: whole },
  { title: "answered", key: "goodRatio", write: (ratio) => `${(100 * ratio).toFixed(0)} %` },
];

/** `swallowsFirst`: it swallows calls from the beginning of the outage, rather than failing them for 30 s first. */
async function once({ probeTimeoutMs, slowMs }: Policy, swallowsFirst: boolean, seed: number): Promise<Figures> {
  const sim = new Simulation({ seed });
  const failing = consecutiveFailures(5);
  const trip = slowMs === undefined ? failing : anyOf(failing, slowCalls({ slowMs, trip: failing }));
  const breaker = new Breaker({ trip, breakMs, probeTimeoutMs, clock: sim.clock });
  const tally = new Tally(sim, { fromMs: wellFromMs });
  let closedAt = Infinity;
  breaker.on("closed", () => (closedAt = sim.now()));
  let swallowed = 0;
  const ask = async (): Promise<void> => {
    const now = sim.now();
    if (now >= (swallowsFirst ? downFromMs : blackHoleFromMs) && now < wellFromMs) {
      swallowed += 1;
      await new Promise<never>(() => undefined);
    }
    await sim.sleep(answerMs);
    if (now >= downFromMs && now < blackHoleFromMs) throw new Error("503");
  };
  openLoop(sim, { ratePerSecond }, () => void tally.track(breaker.run(ask)));
  await sim.run(untilMs);
  return { lateMs: Math.max(0, closedAt - wellFromMs), swallowed, goodRatio: tally.answered / tally.offered };
}

export async function hungProbe({ seeds, progress }: RunOptions): Promise<Table[]> {
  const tables = [];
  for (const swallowsFirst of [false, true]) {
    const rows: Figures[][] = [];
    for (const policy of policies) {
      rows.push(await overSeeds(seeds, (seed) => once(policy, swallowsFirst, seed)));
      progress((tables.length + rows.length / policies.length) / 2);
    }
    tables.push(swallowsFirst ? hangsTable(rows) : lostTable(rows));
  }
  return tables;
}

const shared = `${ratePerSecond} calls a second, Poisson, without a timeout; answers take ${answerMs} ms; opens at 5 in a row, for ${breakMs / 1000} s;`;

function linesOf(rows: readonly (readonly Figures[])[]): Table["lines"] {
  return policies.map(({ name }, index) => lineOf(name, columns, rows[index] ?? []));
}

function lostTable(rows: readonly (readonly Figures[])[]): Table {
  const late = worst(rows[2] ?? [], ({ lateMs }) => lateMs);
  const stuck = Math.min(...(rows[0] ?? []).map(({ lateMs }) => lateMs));
  return {
    title: "Half-open: a probe that never comes back",
    setup: [shared, "fails at once from 10 s, swallows what it gets from 40 s, is well from 50 s; 350 s in all. Medians over the seeds."],
    columns: columns.map(({ title }) => title),
    lines: linesOf(rows),
    claims: [
      { claim: "without a lease it never closes", holds: stuck === Infinity, found: seconds(stuck) },
      { claim: "by default it closes within one lease", holds: late <= breakMs + 200, found: seconds(late) },
    ],
  };
}

function hangsTable(rows: readonly (readonly Figures[])[]): Table {
  const slow = rows[policies.length - 1] ?? [];
  const swallowed = worst(slow, (run) => run.swallowed);
  const blind = Math.min(...(rows[2] ?? []).map((run) => run.swallowed));
  return {
    title: "Closed: a dependency that swallows calls",
    setup: [shared, "swallows what it gets from 10 s, is well from 50 s; 350 s in all. Medians over the seeds."],
    columns: columns.slice(1).map(({ title }) => title),
    lines: linesOf(rows).map(({ name, cells }) => ({ name, cells: cells.slice(1) })),
    claims: [
      {
        claim: "seen while they hang, at most a second's calls and the probes are lost",
        holds: swallowed <= 2 * ratePerSecond,
        found: `${swallowed}, against ${blind}`,
      },
    ],
  };
}
