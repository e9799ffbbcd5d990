import { AdaptiveLimiter, ConcurrencyLimiter, type StrategyPolicy } from "@breakwater/limiter";
import { constant, exponential, network, openLoop, Server, Simulation, Tally, type Distribution } from "@breakwater/sim";

/** What limits the calls: a strategy, a fixed limit, or nothing. */
export type Limit = StrategyPolicy | number;

export interface World {
  readonly limit: Limit;
  readonly service: "Exp" | "Det";
  /** Offered, as a multiple of the capacity. */
  readonly load: number;
  readonly seed: number;
  /** Half of the workers go away at this time. */
  readonly halvedAtMs?: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Figures {
  readonly answeredPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly refusedRatio: number;
  readonly meanLimit: number;
}

export const slots = 10;
export const serviceMs = 10;
export const networkMs = 2;
export const capacityPerSecond: number = (1000 * slots) / serviceMs;

const distributions: Readonly<Record<World["service"], Distribution>> = { Exp: exponential(serviceMs), Det: constant(serviceMs) };

function limiterOf(limit: Limit, sim: Simulation): ConcurrencyLimiter | AdaptiveLimiter {
  if (typeof limit === "number") return new ConcurrencyLimiter({ limit, queueLimit: 0, clock: sim.clock });
  return new AdaptiveLimiter({ strategy: limit, queueLimit: 0, clock: sim.clock, random: sim.random });
}

/** One client process with a limit, many users behind it, one server; whoever finds the limit reached is refused. */
export async function simulate({ limit, service, load, seed, halvedAtMs, fromMs, untilMs }: World): Promise<Figures> {
  const sim = new Simulation({ seed });
  const server = new Server(sim, { slots, serviceMs: distributions[service] });
  const limiter = limiterOf(limit, sim);
  const tally = new Tally(sim, { fromMs, untilMs });
  const call = network<undefined, unknown>(sim, { roundTripMs: constant(networkMs) })(() => server.serve());
  let sum = 0;
  let looks = 0;
  openLoop(sim, { ratePerSecond: load * capacityPerSecond }, () => {
    if (sim.now() >= fromMs) {
      sum += limiter.limit;
      looks += 1;
    }
    void tally.track(limiter.run(() => call(undefined, {})));
  });
  if (halvedAtMs !== undefined) sim.at(halvedAtMs, () => server.resize(slots / 2));
  await sim.run(untilMs);
  return {
    answeredPerSecond: tally.answeredPerSecond,
    p50Ms: tally.quantileMs(0.5),
    p99Ms: tally.quantileMs(0.99),
    refusedRatio: tally.refusedRatio,
    meanLimit: sum / looks,
  };
}
