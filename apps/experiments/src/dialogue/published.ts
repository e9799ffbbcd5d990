import type { Strategy } from "./strategy.ts";
import { limited, pinned, unlimited } from "./strategy.ts";

/** What palantir/dialogue's own simulation found. */
export interface Published {
  readonly successPercent: number;
  /** Undefined where the reference gives none. */
  readonly meanSeconds?: number;
  readonly serverAnswers: number;
  /** The least and the greatest mean of a client, where they differ for a reason. */
  readonly clients?: readonly [number, number];
}

type Row = readonly [Published, Published, Published];

const row = (...[successPercent, meanSeconds, serverAnswers]: readonly [number, number | undefined, number]): Published => ({
  successPercent,
  serverAnswers,
  ...(meanSeconds !== undefined && { meanSeconds }),
});
const bursty: Published = { ...row(96.9, 24.9, 19_495), clients: [0.45, 25.1] };
const fairness: Published = { ...row(88.3, 32, 2_393), clients: [10.7, 44.3] };
// The answers of its 150,000 requests for our 6,000; the means grow with the length of the run.
const rateLimits = [209_217, 182_049, 241_610].map((answers) => Math.round((answers * 6_000) / 150_000));

/**
 * By scenario: limiter with round robin, limiter with pinning, unlimited. `reference/limiter.md` 5.2, and dialogue's report of
 * the same version (`simulation/src/test/resources/report.md`) for means and answers that are not in there.
 */
const rows: Readonly<Record<string, Row>> = {
  slowdown_and_error_thresholds: [row(100, 179, 12_003), row(100, 156, 11_140), row(3.6, undefined, 49_335)],
  one_big_spike: [row(100, 1.58, 1_000), row(100, 2.67, 1_000), row(99.9, 1.22, 3_388)],
  "sticky, steady and bursty": [bursty, bursty, { ...row(6.4, 3.87, 48_314), clients: [0.18, 3.9] }],
  "sticky, fairness": [fairness, fairness, { ...row(0.7, 2.69, 8_992), clients: [2.59, 2.79] }],
  all_nodes_500: [row(74.1, 3.33, 2_000), row(73.9, 4.24, 2_000), row(50, 0.6, 2_000)],
  live_reloading: [row(92.9, 5.35, 2_500), row(94.3, 7.19, 2_500), row(86.9, 2.8, 2_500)],
  black_hole: [row(91.5, 0.6, 1_830), row(59.2, 0.6, 1_183), row(91.4, 0.6, 1_828)],
  drastic_slowdown: [row(100, 0.252, 4_000), row(100, 3.12, 4_000), row(100, 0.252, 4_000)],
  fast_400s: [row(93.6, 0.114, 6_000), row(82.2, 0.102, 6_000), row(93.6, 0.114, 6_000)],
  one_endpoint_dies: [row(66.2, 1.96, 2_500), row(66, 2.07, 2_500), row(65.1, 0.6, 2_500)],
  server_side_rate_limits: [
    row(99.7, undefined, rateLimits[0] ?? 0), row(100, undefined, rateLimits[1] ?? 0), row(99, undefined, rateLimits[2] ?? 0),
  ],
};

const order: readonly Strategy[] = [limited, pinned, unlimited];

export function publishedFor(scenario: string, strategy: Strategy): Published | undefined {
  return rows[scenario]?.[order.indexOf(strategy)];
}
