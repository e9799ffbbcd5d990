import type { Simulation } from "@breakwater/sim";
import { always, linear, MinuteRate, steady, upTo, type Behaviour, type ServerPlan } from "./server.ts";

/**
 * The eleven scenarios of `reference/limiter.md` 5.2. What is not written there (arrivals, phases, which calls may be sent
 * twice) is as in palantir/dialogue's `SimulationTest`.
 */
export interface Scenario {
  readonly name: string;
  /** Evenly spaced. */
  readonly ratePerSecond: number;
  readonly requests: number;
  readonly clients: number;
  /** What has no answer by then has none. */
  readonly abortMs: number;
  readonly servers: (sim: Simulation) => readonly ServerPlan[];
  /** Drawn at random for each request. Default one. */
  readonly endpoints?: readonly string[];
  /** Whether a 500 is sent again, too: the call changes nothing. Default false. */
  readonly isSafe?: boolean;
  /** All clients share one channel, as sticky sessions of it. Default false. */
  readonly isSticky?: boolean;
  /** A burst of so many at the start, from a client of its own. Default none. */
  readonly burst?: number;
  /** How long an answer usually takes. Only `ours` knows it, and waits ten times as long. */
  readonly usualMs: number;
}

const minuteMs = 60_000;

const healthy = (ms: number): Behaviour => ({ statusOf: always(200), tookMs: steady(ms) });
const broken = (ms: number): Behaviour => ({ statusOf: always(500), tookMs: steady(ms) });
const loaded = (bestMs: number, status = 200): Behaviour => ({ statusOf: always(status), tookMs: linear(bestMs, 60) });
const refusing = (capacity: number, ms: number): ServerPlan => ({ behaviour: { statusOf: upTo(capacity, 429), tookMs: steady(ms) } });
const slowing = (bestMs: number): ServerPlan => ({ behaviour: { statusOf: upTo(40, 500), tookMs: linear(bestMs, 30) } });

/** One of its endpoints fails from 3 s on. */
const losing = (lost: string): ServerPlan => ({
  behaviour: healthy(600),
  later: [{ fromMs: 3_000, behaviour: { statusOf: (_, endpoint) => (endpoint === lost ? 500 : 200), tookMs: steady(600) } }],
});

/** Takes 200 s for everything, and then says 200 while its own count of those is below the rate. */
function rateLimited(sim: Simulation, perSecond: number): ServerPlan {
  const rate = new MinuteRate();
  const statusOf = (): number => {
    if (rate.read(sim.now()) >= perSecond) return 429;
    rate.mark(sim.now());
    return 200;
  };
  return { behaviour: { statusOf, tookMs: steady(200_000) } };
}

export const scenarios: readonly Scenario[] = [
  {
    name: "slowdown_and_error_thresholds", ratePerSecond: 500, requests: 10_000, clients: 10, abortMs: 10 * minuteMs, usualMs: 1_000,
    isSafe: true, servers: () => [600, 800, 1000].map(slowing),
  },
  {
    name: "one_big_spike", ratePerSecond: 30_000, requests: 1_000, clients: 1, abortMs: 10_000, usualMs: 150,
    servers: () => [refusing(100, 150), refusing(100, 150)],
  },
  {
    name: "sticky, steady and bursty", ratePerSecond: 1, requests: 60, clients: 1, burst: 10_000, abortMs: 2 * minuteMs, usualMs: 5,
    isSticky: true, servers: () => [refusing(1, 5)],
  },
  {
    name: "sticky, fairness", ratePerSecond: 30, requests: 1_800, clients: 10, abortMs: 2 * minuteMs, usualMs: 150,
    isSticky: true, servers: () => [refusing(2, 150)],
  },
  {
    name: "all_nodes_500", ratePerSecond: 100, requests: 2_000, clients: 10, abortMs: 10 * minuteMs, usualMs: 600,
    servers: () => [1, 2].map(() => ({ behaviour: broken(600), later: [{ fromMs: 10_000, behaviour: healthy(600) }] })),
  },
  {
    name: "live_reloading", ratePerSecond: 250, requests: 2_500, clients: 10, abortMs: 10 * minuteMs, usualMs: 600,
    servers: () => [{ behaviour: loaded(600) }, { behaviour: loaded(600, 500) }, { behaviour: loaded(600), appearsAtMs: 5_000 }],
  },
  {
    name: "black_hole", ratePerSecond: 200, requests: 2_000, clients: 10, abortMs: 30_000, usualMs: 600,
    servers: () => [{ behaviour: healthy(600) }, { behaviour: healthy(600), later: [{ fromMs: 3_000, behaviour: healthy(1440 * minuteMs) }] }],
  },
  {
    name: "drastic_slowdown", ratePerSecond: 200, requests: 4_000, clients: 10, abortMs: 10 * minuteMs, usualMs: 60,
    servers: () => [
      { behaviour: loaded(60) },
      { behaviour: loaded(60), later: [{ fromMs: 3_000, behaviour: loaded(10_000) }, { fromMs: 10_000, behaviour: loaded(60) }] },
    ],
  },
  {
    name: "fast_400s", ratePerSecond: 100, requests: 6_000, clients: 10, abortMs: 10 * minuteMs, usualMs: 120,
    servers: () => {
      const refuses = { statusOf: always(400), tookMs: steady(20) };
      return [{ behaviour: healthy(120) }, { behaviour: healthy(120), later: [{ fromMs: 3_000, behaviour: refuses }, { fromMs: 30_000, behaviour: healthy(120) }] }];
    },
  },
  {
    name: "one_endpoint_dies", ratePerSecond: 250, requests: 2_500, clients: 10, abortMs: 10 * minuteMs, usualMs: 600,
    endpoints: ["e1", "e2"], servers: () => [losing("e1"), losing("e2")],
  },
  {
    // Published with 150,000 requests, 25,000 minutes.
    name: "server_side_rate_limits", ratePerSecond: 0.1, requests: 6_000, clients: 2, abortMs: 40 * 60 * minuteMs, usualMs: 200_000,
    servers: (sim) => [1, 2, 3, 4].map(() => rateLimited(sim, 0.1 / 4)),
  },
];
