import { Breaker } from "@breakwater/breaker";
import { openLoop, Simulation } from "@breakwater/sim";
import type { Line, RunOptions, Table } from "../experiment.ts";
import { lineOf, overSeeds, whole, worst, type Column } from "../figures.ts";
import { EverybodyProbes, SurplusWaits, type Guarding } from "./rivals.ts";

/**
 * What reaches a dependency that hangs, after the breaker has opened?
 *
 * Each break ends with a probe; a dependency that hangs takes a second to fail it. Whoever lets everybody through meanwhile sends
 * a second's traffic at it each time, and whoever makes the others wait lets them all go at once when it is well.
 */
const ratePerSecond = 500;
const wellMs = 200;
const hungMs = 1_000;
const downFromMs = 10_000;
const downUntilMs = 62_500;
const untilMs = 80_000;
const breakMs = 5_000;
const threshold = 5;
// By then the calls that were out when it opened have ended.
const openedMs = downFromMs + 2 * hungMs;

interface Policy {
  readonly name: string;
  readonly make: (now: () => number, sim: Simulation) => Guarding;
}

const rivals: readonly Policy[] = [
  { name: "everybody probes (hand-made)", make: (now) => new EverybodyProbes({ threshold, breakMs, now }) },
  { name: "the others wait (cockatiel)", make: (now) => new SurplusWaits({ threshold, breakMs, now }) },
];
const ours: readonly Policy[] = [1, 5].map((probes) => ({
  name: probes === 1 ? "Breaker, 1 probe, the default" : `Breaker, ${probes} probes`,
  make: (_, { clock }) => new Breaker({ breakMs, probes, clock }),
}));

interface Figures {
  /** Calls that went out while it was down, after the breaker had opened. */
  readonly wasted: number;
  /** How many of those were out at a time. */
  readonly mostAtOnce: number;
  /** Calls that began in the same ms, when it was well again. */
  readonly herd: number;
}

const columns: readonly Column<Figures>[] = [
  { title: "calls at the dead", key: "wasted", write: whole },
  { title: "at a time", key: "mostAtOnce", write: whole },
  { title: "herd on its return", key: "herd", write: whole },
];

async function once({ make }: Policy, seed: number): Promise<Figures> {
  const sim = new Simulation({ seed });
  const breaker = make(() => sim.now(), sim);
  const begun = new Map<number, number>();
  let wasted = 0;
  let out = 0;
  let mostAtOnce = 0;
  const ask = async (): Promise<void> => {
    const now = sim.now();
    const isDown = now >= downFromMs && now < downUntilMs;
    if (isDown && now >= openedMs) {
      wasted += 1;
      mostAtOnce = Math.max(mostAtOnce, out + 1);
    }
    if (now >= downUntilMs) begun.set(Math.floor(now), (begun.get(Math.floor(now)) ?? 0) + 1);
    out += 1;
    await sim.sleep(isDown ? hungMs : wellMs);
    out -= 1;
    if (isDown) throw new Error("no answer");
  };
  openLoop(sim, { ratePerSecond }, () => void breaker.run(ask).catch(() => undefined));
  await sim.run(untilMs);
  return { wasted, mostAtOnce, herd: Math.max(...begun.values()) };
}

export async function stampede({ seeds, progress }: RunOptions): Promise<Table> {
  const policies = [...rivals, ...ours];
  const lines: Line[] = [];
  const found = new Map<Policy, Figures[]>();
  for (const policy of policies) {
    const runs = await overSeeds(seeds, (seed) => once(policy, seed));
    found.set(policy, runs);
    lines.push(lineOf(policy.name, columns, runs));
    progress(found.size / policies.length);
  }
  const [single, several] = ours.map((policy) => found.get(policy) ?? []);
  const breaks = Math.ceil((downUntilMs - downFromMs) / breakMs);
  const calls = worst(single ?? [], ({ wasted }) => wasted);
  const five = worst(several ?? [], ({ mostAtOnce }) => mostAtOnce);
  const herd = worst([...(single ?? []), ...(several ?? [])], (run) => run.herd);
  return {
    title: "Half-open: who goes to a dependency that hangs",
    setup: [
      `${ratePerSecond} calls a second, Poisson; answers take ${wellMs} ms; from ${downFromMs / 1000} to ${downUntilMs / 1000} s they fail after ${hungMs / 1000} s;`,
      `opens at ${threshold} failures in a row, for ${breakMs / 1000} s. Counted from when it is open; the herd is what began in one ms. Medians over the seeds.`,
    ],
    columns: columns.map(({ title }) => title),
    lines,
    claims: [
      { claim: "with one probe, one call at most goes out for each break", holds: calls <= breaks, found: `${calls} in ${breaks} breaks` },
      { claim: "with five, five at most are out at a time", holds: five <= 5, found: whole(five) },
      { claim: "nobody is let go in a herd when it is back: at most 8 in one ms, as they come", holds: herd <= 8, found: whole(herd) },
    ],
  };
}
