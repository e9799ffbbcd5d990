import { Breaker, timeWindow, type BreakerOptions } from "@breakwater/breaker";
import { exponential, openLoop, patience, Server, Simulation, Tally } from "@breakwater/sim";
import type { Line, RunOptions, Table } from "../experiment.ts";
import { lineOf, overSeeds, seconds, whole, worst, type Column } from "../figures.ts";

/**
 * How does a server that is slow while it is cold come back?
 *
 * It went down; when it is up again a call takes five times as long, and less and less until it is warm. Let everybody in at once
 * and its queue grows beyond the callers' patience; it works for nobody, and the breaker opens again, once or several times. A
 * ramp keeps the load below what it can do meanwhile.
 */
const slots = 10;
const serviceMs = 10;
const ratePerSecond = 600;
const timeoutMs = 500;
const crashMs = 20_000;
const upMs = 40_000;
const warmMs = 30_000;
const coldFactor = 5;
const untilMs = 160_000;
const breakMs = 5_000;

interface Policy {
  readonly name: string;
  readonly options: BreakerOptions;
}

const policies: readonly Policy[] = [
  { name: "all at once, the default", options: {} },
  { name: "all at once after 20 good probes", options: { probes: 20 } },
  { name: "ramp of 5 s", options: { rampMs: 5_000 } },
  { name: "ramp of 15 s", options: { rampMs: 15_000 } },
  { name: "ramp of 30 s, as long as it takes to warm", options: { rampMs: 30_000 } },
  { name: "ramp of 60 s", options: { rampMs: 60_000 } },
];
const unramped = 0;
const ramped = 4;

interface Figures {
  /** Of the requests that came within a minute after it was up. */
  readonly good: number;
  readonly failed: number;
  readonly refused: number;
  /** How often the breaker opened once it was up. */
  readonly reopened: number;
  /** From when it was up until the last second in which less than 95 % of what came was answered. */
  readonly healthyAfterMs: number;
}

const columns: readonly Column<Figures>[] = [
  { title: "good", key: "good", write: whole },
  { title: "failed", key: "failed", write: whole },
  { title: "refused", key: "refused", write: whole },
  { title: "opened again", key: "reopened", write: whole },
  { title: "healthy after", key: "healthyAfterMs", write: seconds },
];

async function once({ options }: Policy, seed: number): Promise<Figures> {
  const sim = new Simulation({ seed });
  const server = new Server(sim, { slots, serviceMs: exponential(serviceMs) });
  const trip = timeWindow({ windowMs: 5_000, failureRatio: 0.5 });
  const breaker = new Breaker({ trip, breakMs, clock: sim.clock, ...options });
  const ask = patience<undefined, unknown>(sim, { timeoutMs })(() => server.serve());
  const minute = new Tally(sim, { fromMs: upMs, untilMs: upMs + 60_000 });
  const inSecond = Array.from({ length: (untilMs - upMs) / 1000 }, (_, index) => new Tally(sim, { fromMs: upMs + 1000 * index }));
  let reopened = 0;
  breaker.on("opened", () => (reopened += sim.now() > upMs ? 1 : 0));
  openLoop(sim, { ratePerSecond }, () => {
    const answer = breaker.run(() => ask(undefined, {}));
    void minute.track(answer);
    void inSecond[Math.floor((sim.now() - upMs) / 1000)]?.track(answer);
  });
  sim.at(crashMs, () => server.crash());
  sim.at(upMs, () => server.recover({ coldFactor, warmMs }));
  await sim.run(untilMs + 2 * timeoutMs);
  const lastBad = inSecond.findLastIndex(({ answered, offered }) => answered < 0.95 * offered);
  const { answered: good, failed, refused } = minute;
  return { good, failed, refused, reopened, healthyAfterMs: lastBad + 1 === inSecond.length ? Infinity : 1000 * (lastBad + 1) };
}

export async function coldStart({ seeds, progress }: RunOptions): Promise<Table> {
  const lines: Line[] = [];
  const rows: Figures[][] = [];
  for (const policy of policies) {
    const runs = await overSeeds(seeds, (seed) => once(policy, seed));
    rows.push(runs);
    lines.push(lineOf(policy.name, columns, runs));
    progress(rows.length / policies.length);
  }
  const [without, withRamp] = [rows[unramped] ?? [], rows[ramped] ?? []];
  const failedRatio = worst(withRamp.map(({ failed }, seed) => failed / (without[seed]?.failed ?? NaN)), Number);
  const more = Math.min(...withRamp.map(({ good }, seed) => good / (without[seed]?.good ?? NaN)));
  const reopened = worst(withRamp, (run) => run.reopened);
  return {
    title: "Recovery of a server that is slow while it is cold",
    setup: [
      `${slots} workers, Exp(${serviceMs} ms), so 1000/s when warm; down from ${crashMs / 1000} to ${upMs / 1000} s, then ${coldFactor} times as slow, less and less for ${warmMs / 1000} s;`,
      `${ratePerSecond} calls a second, Poisson, who leave after ${timeoutMs} ms while the server goes on; opens at half of 5 s failing, for ${breakMs / 1000} s.`,
      "Of those that came in the minute after it was up; healthy is 95 % answered from then on. Medians over the seeds.",
    ],
    columns: columns.map(({ title }) => title),
    lines,
    claims: [
      { claim: "with a ramp as long as it takes to warm, it does not open again", holds: reopened === 0, found: `${reopened} times` },
      { claim: "at most a tenth of the calls fail that fail without", holds: failedRatio <= 0.1, found: `${(100 * failedRatio).toFixed(1)} %` },
      { claim: "and more are answered", holds: more > 1, found: `${more.toFixed(2)} times as many` },
    ],
  };
}
