import { mergeSnapshots, summaryOf, type Snapshot } from "@breakwater/metrics";
import type { BreakerStep } from "../breaker-log.ts";
import { countedByOutcome } from "../counted.ts";
import { sortFailures, type Kind } from "../failures.ts";
import type { Burst } from "../performance-test.ts";
import type { Observed } from "../report.ts";
import { inMilliseconds, type Times } from "../times.ts";
import type { Way } from "./clients.ts";
import { fateOf, toldOf, wordsOf } from "./fate.ts";
import type { ServiceState } from "./messages.ts";
import type { Network } from "./network.ts";

/** Which way requests went. */
export interface NetworkReport {
  /** Answers, by how the clients had asked. */
  readonly answered: Readonly<Record<Way, number>>;
  readonly processes: readonly { readonly name: string; readonly requests: number }[];
  readonly cache: CacheCounts;
  /** Attempts that were one more. */
  readonly retries: { readonly clients: number; readonly upstream: number };
}

/** What the processes' caches did together. */
export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  /** Those that Redis had; undefined where there is none. */
  readonly fromRedis: number | undefined;
}

export interface NetworkSubject {
  readonly network: Network;
  readonly answered: Readonly<Record<Way, number>>;
  readonly steps: readonly BreakerStep[];
}

/** Puts together what the clients saw and what the processes say of themselves. */
export function observe({ network, answered, steps }: NetworkSubject, states: readonly ServiceState[], burst: Burst, isAsked: boolean): Observed {
  const metrics = mergeSnapshots(states.map((state) => state.metrics));
  const of = (pattern: string, count: string): number => sum(states.map((state) => countOf(state, pattern, count)));
  return {
    dependencies: describe(network),
    failures: sortFailures(burst.errors, isAsked, kindOf),
    health: worstHealth(states),
    serviceTime: timesOf(metrics, "breakwater.service.duration"),
    sojournTime: timesOf(metrics, "breakwater.service.sojourn.duration"),
    breaker: { state: steps.at(-1)?.to ?? "closed", steps },
    connections: { made: of("postgres", "created"), reused: of("postgres", "reused") },
    metrics: {
      requests: countedByOutcome(metrics, "breakwater.service.requests", ["operation", "order"]),
      apiCalls: countedByOutcome(metrics, "breakwater.breaker.calls", ["name", "external-api"]),
    },
    logLines: sum(states.map(({ logLines }) => logLines)),
    network: {
      answered,
      processes: states.map(({ service }, index) => ({ name: network.processes[index]?.name ?? "", requests: Number(service.requests.succeeded) })),
      cache: { hits: of("products", "hits"), misses: of("products", "misses"), fromRedis: network.redis && of("products", "secondLevelHits") },
      retries: { clients: network.clients.http.fetch.stats.retries, upstream: of("external-api", "retries") },
    },
  };
}

function describe({ processes, postgres, redis }: Network): string {
  const cache = redis === undefined ? "no Redis here, so the cache has its first level only" : "Redis";
  return `${processes.length} processes behind a balancer, PostgreSQL (${postgres?.description ?? "none"}), ${cache}, and an HTTP upstream`;
}

function kindOf(error: unknown): Kind {
  const told = toldOf(error);
  if (told === undefined || fateOf(error).kind !== "refused") return "other";
  const words = wordsOf(told);
  return words === "external-api-failed" ? "injected" : words === "ERR_BREAKER_OPEN" ? "refused" : "other";
}

function countOf({ service }: ServiceState, pattern: string, count: string): number {
  return Number(service.patterns[pattern]?.stats[count] ?? 0);
}

const severities = ["HEALTHY", "DEGRADED", "UNKNOWN", "DRAINING", "UNHEALTHY"];

function worstHealth(states: readonly ServiceState[]): Observed["health"] {
  const [worst] = states.map(({ service }) => service.health).sort((a, b) => severities.indexOf(b.status) - severities.indexOf(a.status));
  return { status: worst?.status ?? "UNKNOWN", errorRate: worst?.errorRate ?? NaN, reason: worst?.reason ?? "" };
}

function timesOf({ metrics }: Snapshot, name: string): Times {
  const metric = metrics.find((each) => each.name === name);
  const series = metric?.type === "histogram" ? metric.series.find(({ attributes }) => attributes.operation === "order") : undefined;
  return series === undefined ? { mean: NaN, p50: NaN, p95: NaN, p99: NaN } : inMilliseconds(summaryOf(series.reading.lifetime));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
