import type { Arguments } from "./arguments.ts";
import type { BreakerStep } from "./breaker-log.ts";
import type { Counted } from "./counted.ts";
import type { ConnectionReport } from "./dependencies.ts";
import type { Failures } from "./failures.ts";
import type { NetworkReport } from "./network/network-report.ts";
import type { Burst } from "./performance-test.ts";
import type { Times } from "./times.ts";
import { idealMs } from "./workload.ts";

/** What `--json` prints, and what the table shows. Times in ms. */
export interface Report {
  readonly dependencies: string;
  readonly requests: number;
  readonly workers: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly failures: Failures;
  readonly elapsedMs: number;
  readonly queriesPerSecond: number;
  readonly idealElapsedMs: number;
  readonly idealQueriesPerSecond: number;
  /** Ideal over elapsed, 0 to 1. */
  readonly shareOfIdeal: number;
  readonly health: { readonly status: string; readonly errorRate: number; readonly reason: string };
  /** From admission to the answer. */
  readonly serviceTime: Times;
  /** From arrival to the answer, queueing included: the reference program's average response time. */
  readonly sojournTime: Times;
  readonly breaker: { readonly state: string; readonly steps: readonly BreakerStep[] };
  readonly connections: ConnectionReport;
  /** What the metrics counted, by outcome. */
  readonly metrics: { readonly requests: Counted; readonly apiCalls: Counted };
  readonly logLines: number;
  readonly answeredAt: readonly number[];
  /** With --real: which way the requests went. */
  readonly network?: NetworkReport | undefined;
}

/** What is known of the subject, beside the burst. */
export type Observed = Pick<
  Report,
  "dependencies" | "failures" | "health" | "serviceTime" | "sojournTime" | "breaker" | "connections" | "metrics" | "logLines" | "network"
>;

export function makeReport({ requests, workers }: Arguments, burst: Burst, observed: Observed): Report {
  const ideal = idealMs(requests, workers);
  return {
    ...observed,
    requests,
    workers,
    succeeded: burst.answeredAt.length,
    failed: burst.errors.length,
    elapsedMs: burst.elapsedMs,
    queriesPerSecond: (requests / burst.elapsedMs) * 1000,
    idealElapsedMs: ideal,
    idealQueriesPerSecond: (requests / ideal) * 1000,
    shareOfIdeal: ideal / burst.elapsedMs,
    answeredAt: burst.answeredAt,
  };
}
