import { isRejected } from "@breakwater/core";
import type { Arguments } from "./arguments.ts";
import type { BreakerStep } from "./breaker-log.ts";
import { countedByOutcome, type Counted } from "./counted.ts";
import { ApiError, type ConnectionReport } from "./dependencies.ts";
import type { Burst, Subject } from "./performance-test.ts";
import { inMilliseconds, type Times } from "./times.ts";
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
}

export interface Failures {
  /** The external API failed, as --fail-rate asked it to. */
  readonly injected: number;
  /** The open breaker refused to ask it. */
  readonly refusedByBreaker: number;
  /** Anything else; nobody asked for these. */
  readonly unexpected: number;
  /** The first few of those, as text. */
  readonly unexpectedMessages: readonly string[];
}

export function makeReport({ requests, workers, failRate }: Arguments, burst: Burst, subject: Subject): Report {
  const { service, breaker, breakerLog, dependencies, logger } = subject;
  const ideal = idealMs(requests, workers);
  const health = service.health.report;
  return {
    dependencies: dependencies.description,
    requests,
    workers,
    succeeded: burst.answeredAt.length,
    failed: burst.errors.length,
    failures: sortFailures(burst.errors, failRate > 0),
    elapsedMs: burst.elapsedMs,
    queriesPerSecond: (requests / burst.elapsedMs) * 1000,
    idealElapsedMs: ideal,
    idealQueriesPerSecond: (requests / ideal) * 1000,
    shareOfIdeal: ideal / burst.elapsedMs,
    health: { status: health.status, errorRate: health.errorRate, reason: health.reason },
    serviceTime: inMilliseconds(service.responseTimes.service.lifetime),
    sojournTime: inMilliseconds(service.responseTimes.sojourn.lifetime),
    breaker: { state: breaker.state, steps: breakerLog.steps },
    connections: dependencies.connections(),
    metrics: {
      requests: countedByOutcome(service.metrics, "breakwater.service.requests", ["service", service.name]),
      apiCalls: countedByOutcome(service.metrics, "breakwater.breaker.calls", ["name", "external-api"]),
    },
    logLines: logger.lines.info + logger.lines.warn + logger.lines.error,
    answeredAt: burst.answeredAt,
  };
}

/** Where nobody asked for faults, the breaker's refusals are as unexpected as the faults that opened it. */
function sortFailures(errors: readonly unknown[], isAsked: boolean): Failures {
  const injected = errors.filter((error) => isAsked && error instanceof ApiError);
  const refused = errors.filter((error) => isAsked && isRejected(error) && error.code === "ERR_BREAKER_OPEN");
  const asked = new Set([...injected, ...refused]);
  const unexpected = errors.filter((error) => !asked.has(error));
  return {
    injected: injected.length,
    refusedByBreaker: refused.length,
    unexpected: unexpected.length,
    unexpectedMessages: unexpected.slice(0, 3).map(String),
  };
}
