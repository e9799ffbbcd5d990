import { setTimeout as sleep } from "node:timers/promises";
import { Cache } from "@breakwater/cache";
import { StatusError } from "@breakwater/http";
import { httpRoute, type HttpRequest, type HttpRoute } from "@breakwater/http/node";
import { gcra, KeyedLimiter, KeyedRateLimiter } from "@breakwater/limiter";
import type { Metrics } from "@breakwater/metrics";
import { createService } from "@breakwater/service";
import { largeBytes, limits, paths } from "./limits.ts";

/** A piece of work, and for whom it is. */
export interface Work {
  readonly client: string;
  readonly text: string;
}

const workMs = 2;
const largeText = "x".repeat(largeBytes);

/** A service with a rate for each client, and everything else that the packages have one of for each key. */
export function composeServer(metrics: Metrics, timeoutMs: number) {
  const algorithm = gcra({ limit: limits.ratePerClient, perMs: 1_000 });
  const rates = new KeyedRateLimiter({ name: "clients", algorithm, queueLimit: 0, maxKeys: limits.maxKeys, meter: metrics });
  const places = new KeyedLimiter({ name: "places", limit: 1, queueLimit: 0, maxKeys: limits.maxKeys });
  const seen = new Cache<string, number>({ name: "seen", ttlMs: 60_000, maxEntries: limits.maxKeys });
  const service = createService({ name: "hostile", metrics, limiter: { limit: 200, queueLimit: 1_000 } }).operations((operation) => ({
    work: operation({ timeoutMs }, async ({ text }: Work) => {
      await sleep(workMs);
      return { text };
    }),
    large: operation({ timeoutMs }, ({ client }: Work) => Promise.resolve({ client, text: largeText })),
  }));
  // The rate stands before all else: what is above it takes no place and no time of the service.
  const perClient = rates.layer(({ client }: Work) => client);
  const work = perClient(service.operation("work"));

  /** As if each key came in a request of its own. The first of them also as the attribute of a measurement, which costs the most. */
  const visit = (key: string, index: number): boolean => {
    const permit = places.tryAcquire(key);
    const { allowed } = rates.take(key);
    seen.set(key, index);
    if (index < 10) metrics.counter("demo.hostile.visits", { attributes: { client: key } }).add(1);
    permit?.release();
    return allowed;
  };
  const visits = (keys: readonly string[]): Promise<{ allowed: number; of: number }> => {
    return Promise.resolve({ allowed: keys.filter(visit).length, of: keys.length });
  };

  const post = { methods: ["POST"], maxBodyBytes: limits.maxBodyBytes } as const;
  const routes: Readonly<Record<string, HttpRoute>> = {
    [paths.work]: httpRoute(work, { ...post, decode: (request) => readWork(request.body, clientOf(request)) }),
    [paths.large]: httpRoute(perClient(service.operation("large")), { methods: ["GET"], decode: (request) => ({ client: clientOf(request), text: "" }) }),
    [paths.keys]: httpRoute(visits, { ...post, decode: ({ body }) => readKeys(body) }),
  };
  const keys = (): Record<string, number> => ({ rates: rates.size, places: places.stats.keys, cache: seen.stats.entries, series: seriesOf(metrics) });
  return { service, work, routes, keys };
}

/** What a message or a body says. @throws StatusError 400 */
export function readWork(given: unknown, client: string): Work {
  const text = typeof given === "object" && given !== null && "text" in given ? given.text : undefined;
  if (typeof text !== "string") throw new StatusError(400, "text must be a string", { reason: "malformed" });
  return { client, text };
}

/** @throws StatusError 400 when nobody says for whom it is. */
export function clientOf({ headers }: Pick<HttpRequest, "headers">): string {
  const client = headers["x-client"];
  if (typeof client !== "string" || client === "") throw new StatusError(400, "x-client must name the client", { reason: "malformed" });
  return client;
}

function readKeys(given: unknown): readonly string[] {
  if (Array.isArray(given) && given.every((key) => typeof key === "string")) return given;
  throw new StatusError(400, "the body must be a list of keys", { reason: "malformed" });
}

function seriesOf(metrics: Metrics): number {
  return metrics.cardinality().reduce((sum, { series }) => sum + series, 0);
}
