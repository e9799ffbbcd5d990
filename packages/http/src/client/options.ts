import { checkFunction, checkNumber, noopMeter, systemClock, type Call, type Clock, type Meter } from "@breakwater/core";
import type { KeyedBreakerOptions } from "@breakwater/breaker";
import type { KeyedLimiterOptions } from "@breakwater/limiter";
import type { HedgeOptions, MeasuredDelay, RetryBudgetOptions, RetryOptions } from "@breakwater/retry";
import type { Answer } from "./answer.ts";
import { traceHeaders } from "./trace-headers.ts";

/** One of several base addresses, as a balancer gave it. It is told once how the attempt went. */
export interface PickedEndpoint {
  /** The address; a path in it goes in front of the request's. */
  readonly value: URL | string;
  success(): void;
  /** Of a bad status it gets `{ status, retryAfterMs }`, else the error. */
  failure(error?: unknown): void;
  /** Nothing was asked, or what came of it says nothing about the endpoint. */
  release(): void;
  /** The caller went away before it answered, or another attempt was quicker. Without this it is released. */
  cancel?(): void;
}

/** Anything that chooses among base addresses, as a balancer of `@breakwater/balancer` does. */
export interface ClientBalancer {
  pick(call: Call): PickedEndpoint;
}

export interface ClientRetryOptions extends Pick<RetryOptions, "attempts" | "backoff"> {
  /** What the retries and hedges of each origin are paid from; false for no bound. Default a tenth of the calls, and one a second. */
  readonly budget?: Pick<RetryBudgetOptions, "ratio" | "minPerSecond" | "windowMs"> | false | undefined;
  /** Which statuses are asked for again. Default 429, 502, 503 and 504: a 500 will mostly be one again. */
  readonly statuses?: Iterable<number> | undefined;
  /** An answer that asks for a longer wait than this is returned at once, in ms from 0. Default 30,000. */
  readonly maxRetryAfterMs?: number | undefined;
}

export interface ClientHedgeOptions extends Pick<HedgeOptions, "maxHedges"> {
  /** When the second request is sent, in ms; a function is asked once for each origin, and may make a `latencyQuantile` for it. */
  readonly delayMs: number | ((origin: string) => number | MeasuredDelay);
}

export type ClientBreakerOptions<A extends Answer> = Omit<KeyedBreakerOptions<A>, "name" | "clock" | "meter">;
export type ClientLimiterOptions = Omit<KeyedLimiterOptions, "name" | "clock">;

/** What `resilientFetch` and `resilience` have in common. `A` is what the breaker's `classify` looks at. */
export interface ClientOptions<A extends Answer> {
  /** Stands in refusals and measurements. */
  readonly name?: string | undefined;
  /** How long a call may take with all its attempts, to the headers, in ms from 1. Default Infinity: as long as `call.deadlineAt` lets it. */
  readonly deadlineMs?: number | undefined;
  /** How long one attempt may take, in ms from 1. Default 10,000; Infinity never times out. */
  readonly timeoutMs?: number | undefined;
  /** Where that time ends: with the `headers`, the default, or with the `body`, which then fails with the `TimeoutError`. */
  readonly timeoutCovers?: "headers" | "body" | undefined;
  /** Default: three attempts. False for none but the first. */
  readonly retry?: ClientRetryOptions | false | undefined;
  /** Sends a slow request once more, and takes the answer that comes first. Default false. */
  readonly hedge?: ClientHedgeOptions | false | undefined;
  /** A breaker for each origin. Default with its own defaults; false for none. */
  readonly breaker?: ClientBreakerOptions<A> | false | undefined;
  /** So many attempts at a time to each origin. Default no limit. */
  readonly limiter?: ClientLimiterOptions | false | undefined;
  /** Chooses where each attempt goes. Requests may then be given as paths. Default: they go where they say. */
  readonly balancer?: ClientBalancer | undefined;
  /** For how many origins budgets and breakers are kept: a whole number from 1. Default 1,000. */
  readonly maxOrigins?: number | undefined;
  /** The header that says how many ms an attempt has; false for none. Default `x-request-timeout-ms`. */
  readonly timeoutHeader?: string | false | undefined;
  /** Headers that say in which trace a call stands; false for none. Default `traceparent` and `tracestate`, where there is a `call.trace`. */
  readonly trace?: ((call: Call) => Readonly<Record<string, string>> | undefined) | false | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** From 0 to below 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface ClientSettings<A extends Answer = Answer> {
  readonly name: string | undefined;
  readonly deadlineMs: number | undefined;
  readonly timeoutMs: number;
  readonly coversBody: boolean;
  readonly retry: ClientRetryOptions | undefined;
  readonly statuses: ReadonlySet<number>;
  readonly maxRetryAfterMs: number;
  readonly hedge: ClientHedgeOptions | undefined;
  readonly breaker: ClientBreakerOptions<A> | undefined;
  readonly limiter: ClientLimiterOptions | undefined;
  readonly balancer: ClientBalancer | undefined;
  readonly maxOrigins: number;
  readonly timeoutHeader: string | undefined;
  readonly trace: ((call: Call) => Readonly<Record<string, string>> | undefined) | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. What the layers are given they check themselves. */
export function readClientOptions<A extends Answer>(options: ClientOptions<A>): ClientSettings<A> {
  const { name, deadlineMs, timeoutMs = 10_000, timeoutCovers = "headers", balancer } = options;
  const { retry = {}, hedge = false, breaker = {}, limiter = false, timeoutHeader = "x-request-timeout-ms" } = options;
  const { trace = traceHeaders, clock = systemClock, random = Math.random, meter = noopMeter, maxOrigins = 1_000 } = options;
  checkCovers(timeoutCovers);
  if (balancer !== undefined) checkFunction("balancer.pick", (balancer as Partial<ClientBalancer> | null)?.pick); // from JavaScript anything comes
  if (trace !== false) checkFunction("trace", trace);
  checkFunction("random", random);
  return {
    name,
    deadlineMs,
    timeoutMs,
    coversBody: timeoutCovers === "body",
    ...readRetry(retry),
    hedge: hedge === false ? undefined : { ...hedge },
    breaker: breaker === false ? undefined : { ...breaker },
    limiter: limiter === false ? undefined : { ...limiter },
    balancer,
    maxOrigins: checkNumber("maxOrigins", maxOrigins, { min: 1, integer: true }),
    timeoutHeader: checkHeader(timeoutHeader),
    trace: trace === false ? undefined : trace,
    clock,
    random,
    meter,
  };
}

function readRetry(retry: ClientRetryOptions | false): Pick<ClientSettings, "retry" | "statuses" | "maxRetryAfterMs"> {
  const { statuses = [429, 502, 503, 504], maxRetryAfterMs = 30_000 } = retry === false ? {} : retry;
  checkFunction("statuses[Symbol.iterator]", (statuses as Partial<Iterable<number>> | null)?.[Symbol.iterator]); // as above
  const set = new Set(statuses);
  for (const status of set) checkNumber("statuses", status, { min: 100, max: 599, integer: true });
  return {
    retry: retry === false ? undefined : { ...retry },
    statuses: set,
    maxRetryAfterMs: checkNumber("maxRetryAfterMs", maxRetryAfterMs),
  };
}

function checkCovers(covers: unknown): void {
  if (covers !== "headers" && covers !== "body") throw new RangeError(`timeoutCovers must be "headers" or "body", got ${String(covers)}`);
}

function checkHeader(header: string | false): string | undefined {
  if (header === false) return undefined;
  if (typeof header !== "string") throw new TypeError(`timeoutHeader must be a string or false, got ${typeof header}`);
  new Headers([[header, ""]]); // throws a TypeError with the name, where it is none
  return header;
}
