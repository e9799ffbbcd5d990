import { Breaker, timeWindow } from "@breakwater/breaker";
import { noCall, type Guard, type Service } from "@breakwater/core";
import { timeout } from "@breakwater/deadline";
import { ConcurrencyLimiter } from "@breakwater/limiter";
import { stack } from "@breakwater/middleware";
import { constant, retry, RetryBudget } from "@breakwater/retry";
import { exponential, openLoop, Server, Simulation } from "@breakwater/sim";
import { lineOf, overSeeds, seconds, whole, worst, type Column } from "../figures.ts";
import type { Line, RunOptions, Table } from "../experiment.ts";
import { GoodputLine } from "./goodput-line.ts";

/**
 * Does a service come back when the cause of its trouble is gone?
 *
 * It has room for 1,000 requests a second and gets 900. For ten seconds it is slow. A queue builds up, clients give up and ask again, and
 * then the queue is full of requests that nobody waits for, each of which brings forth others: it stays down with all its room. That
 * is the metastable failure of Bronson and others (HotOS 2021). What keeps it there is work that is done for nobody; so what helps is
 * to send less of it (budget, breaker), and not to do what came too late (deadlines that the server can read).
 */
const slots = 10;
const serviceMs = 10;
const ratePerSecond = 900;
const brownOut = { fromMs: 10_000, untilMs: 20_000, factor: 5 };
const untilMs = 50_000;
const attempts = 4;
const timeoutMs = 500;
const backoffMs = 100;
/** Good is what is answered within so long, retries included. */
const sloMs = 1_000;
const stepMs = 1_000;
/** Recovered is from when on the goodput of each second is at least that share of the load. */
const recoveredRatio = 0.85;

interface World {
  readonly sim: Simulation;
  readonly server: Pick<Server, "serve">;
}

interface Policy {
  readonly name: string;
  /** From a server that takes all that comes to what the clients call. */
  readonly make: (world: World) => Service<undefined, void>;
}

/** The server does whatever it is sent, in order, whether anybody waits for it or not. */
const plain = ({ server }: World): Service<undefined, void> => () => server.serve();

/** The server reads the deadline that came with the request, and drops what is past it. The signal does not travel. */
function readingDeadlines({ sim, server }: World): Service<undefined, void> {
  const entrance = new ConcurrencyLimiter({ limit: slots, queueLimit: Infinity, clock: sim.clock });
  return (_, { deadlineAt }) => entrance.run(() => server.serve(), deadlineAt === undefined ? noCall : { deadlineAt });
}

const asking = ({ sim }: World, budget: RetryBudget | false): Guard =>
  retry({ attempts, backoff: constant({ delayMs: backoffMs }), budget, clock: sim.clock, random: sim.random });

const limited = ({ sim }: World): RetryBudget => new RetryBudget({ clock: sim.clock });

const guarding = ({ sim }: World): Guard =>
  new Breaker({
    trip: timeWindow({ windowMs: 2_000, failureRatio: 0.5 }),
    breakMs: 1_000,
    probes: 5,
    rampMs: 2_000,
    clock: sim.clock,
  }).layer;

const impatient = ({ sim }: World): Guard => timeout({ timeoutMs, mode: "aggressive", clock: sim.clock });

const policies: readonly Policy[] = [
  { name: "no retries", make: (world) => impatient(world)(plain(world)) },
  { name: "naive retries", make: (world) => stack(asking(world, false), impatient(world))(plain(world)) },
  { name: "retries with a budget", make: (world) => stack(asking(world, limited(world)), impatient(world))(plain(world)) },
  { name: "retries and a breaker", make: (world) => stack(asking(world, false), guarding(world), impatient(world))(plain(world)) },
  { name: "retries, a server that reads deadlines", make: (world) => stack(asking(world, false), impatient(world))(readingDeadlines(world)) },
  {
    name: "budget, breaker and deadlines",
    make: (world) => stack(asking(world, limited(world)), guarding(world), impatient(world))(readingDeadlines(world)),
  },
];

interface Figures {
  /** Answered in time, a second, over the last ten. */
  readonly atEnd: number;
  /** After the end of the brown-out; Infinity when it does not come. */
  readonly recoveryMs: number;
  /** Requests that reached the server for each that was made, over all. */
  readonly amplification: number;
}

interface Run {
  readonly figures: Figures;
  readonly goodput: GoodputLine;
}

const columns: readonly Column<Figures>[] = [
  { title: "good/s at the end", key: "atEnd", write: whole },
  { title: "recovered after", key: "recoveryMs", write: seconds },
  { title: "sent for each", key: "amplification", write: (value) => value.toFixed(2) },
];

async function once({ make }: Policy, seed: number): Promise<Run> {
  const sim = new Simulation({ seed });
  const server = new Server(sim, { slots, serviceMs: exponential(serviceMs) });
  let made = 0;
  let sent = 0;
  const call = make({ sim, server: counted(server, () => (sent += 1)) });
  const goodput = new GoodputLine(sim, { stepMs, sloMs });
  sim.at(brownOut.fromMs, () => server.setServiceMs(exponential(brownOut.factor * serviceMs)));
  sim.at(brownOut.untilMs, () => server.setServiceMs(exponential(serviceMs)));
  openLoop(sim, { ratePerSecond }, () => {
    made += 1;
    goodput.track(call(undefined, {}));
  });
  await sim.run(untilMs);
  const figures = {
    atEnd: goodput.meanPerSecond(untilMs - 10_000, untilMs),
    recoveryMs: goodput.steadyFrom(brownOut.untilMs, recoveredRatio * ratePerSecond) - brownOut.untilMs,
    amplification: sent / made,
  };
  return { figures, goodput };
}

/** The server, with a note of each request that reaches it. */
function counted(server: Server, note: () => void): Pick<Server, "serve"> {
  return {
    serve: (factor) => {
      note();
      return server.serve(factor);
    },
  };
}

export async function metastable({ seeds, progress }: RunOptions): Promise<Table> {
  const lines: Line[] = [];
  const found = new Map<string, readonly Figures[]>();
  for (const policy of policies) {
    const runs = await overSeeds(seeds, (seed) => once(policy, seed));
    const figures = runs.map((run) => run.figures);
    found.set(policy.name, figures);
    const { name, cells } = lineOf(policy.name, columns, figures);
    const text = runs[0]?.goodput.text(2_000, untilMs, ratePerSecond) ?? "";
    lines.push({ name, cells: [...cells, { text, values: {} }] });
    progress(found.size / policies.length);
  }
  const of = (name: string): readonly Figures[] => found.get(name) ?? [];
  const naive = worst(of("naive retries"), ({ atEnd }) => atEnd);
  const all = worst(of("budget, breaker and deadlines"), ({ recoveryMs }) => recoveryMs);
  return {
    title: "A brown-out of 10 s, and what becomes of the service when it is over",
    setup: [
      `A server of ${slots} slots, ${serviceMs} ms a request, exponential: ${(1000 * slots) / serviceMs} a second. Load ${ratePerSecond} a second, Poisson. From ${brownOut.fromMs / 1000} to ${brownOut.untilMs / 1000} s it takes`,
      `${brownOut.factor} times as long. Clients give an attempt up after ${timeoutMs} ms and make ${attempts}, ${backoffMs} ms apart; good is an answer within ${sloMs / 1000} s of the first.`,
      `Medians over the seeds; the line shows goodput over the ${untilMs / 1000} s of the first seed, a sign for 2 s.`,
    ],
    columns: [...columns.map(({ title }) => title), "goodput over time"],
    lines,
    claims: [
      { claim: "naive retries keep it down 30 s after the cause is gone: at most 5 % goodput", holds: naive <= 0.05 * ratePerSecond, found: `${whole(naive)} of ${ratePerSecond} a second` },
      { claim: "with budget, breaker and deadlines it is back within 5 s", holds: all <= 5_000, found: seconds(all) },
    ],
  };
}
