import type { Decision } from "./decision.ts";

export interface RateLimitHeadersOptions {
  /** Names the limit, for `draft-8`. Default `default`. */
  readonly policyName?: string | undefined;
  /**
   * `draft-8`: `RateLimit-Policy` and `RateLimit` as structured fields; the default. `draft-7`: the same two, unnamed. `draft-6`:
   * `RateLimit-Limit`, `-Remaining`, `-Reset`. `legacy`: the same with `X-` before them.
   */
  readonly version?: "draft-8" | "draft-7" | "draft-6" | "legacy" | undefined;
}

/** Lower case, as HTTP/2 has them; `Headers` and Node's `setHeader` take them as they are. */
export type RateLimitHeaders = Readonly<Record<string, string>>;

/** What a server said about its limit. */
export interface RateLimitReport {
  readonly limit?: number;
  readonly remaining?: number;
  readonly windowMs?: number;
  readonly resetAfterMs?: number;
  readonly retryAfterMs?: number;
}

/** As `Headers` of fetch, */
export interface HeadersLike {
  get(name: string): string | null;
}

/** or as Node's and most libraries' plain objects. */
export type HeaderSource = HeadersLike | Readonly<Record<string, string | readonly string[] | undefined>>;

// The fields hold whole seconds. Rounded up, nobody comes too early; the largest integer of a structured field.
const most = 999_999_999_999_999;

function seconds(ms: number): number {
  return Math.min(Math.ceil(ms / 1000), most);
}

function units(count: number): number {
  return Math.min(Math.floor(count), most);
}

/**
 * The fields by which a server tells its limit: draft-ietf-httpapi-ratelimit-headers, in the version that your clients know.
 * A refusal has a `retry-after`, never earlier than what the other fields say, unless trying again never helps.
 *
 * @throws RangeError for a version that does not exist, or a name that a structured field cannot hold.
 */
export function rateLimitHeaders(decision: Decision, options: RateLimitHeadersOptions = {}): RateLimitHeaders {
  const { policyName = "default", version = "draft-8" } = options;
  if (!/^[ !#-[\]-~]*$/.test(policyName)) throw new RangeError(`policyName must be printable ASCII without quotes, got ${JSON.stringify(policyName)}`);
  const { allowed, retryAfterMs } = decision;
  const fields = fieldsOf(decision, version, policyName);
  return allowed || retryAfterMs === Infinity ? fields : { ...fields, "retry-after": String(Math.max(1, seconds(retryAfterMs))) };
}

function fieldsOf(decision: Decision, version: string, name: string): RateLimitHeaders {
  const limit = units(decision.limit);
  const remaining = units(decision.remaining);
  const window = seconds(decision.windowMs);
  // Until there is something again where there is nothing; else until all is as at first.
  const reset = seconds(decision.allowed || decision.retryAfterMs === Infinity ? decision.resetAfterMs : decision.retryAfterMs);
  switch (version) {
    case "draft-8":
      return { "ratelimit-policy": `"${name}";q=${limit};w=${window}`, ratelimit: `"${name}";r=${remaining};t=${reset}` };
    case "draft-7":
      return { "ratelimit-policy": `${limit};w=${window}`, ratelimit: `limit=${limit}, remaining=${remaining}, reset=${reset}` };
    case "draft-6":
    case "legacy": {
      const prefix = version === "legacy" ? "x-" : "";
      const named = (noun: string, value: number): [string, string] => [`${prefix}ratelimit-${noun}`, String(value)];
      return Object.fromEntries([named("limit", limit), named("remaining", remaining), named("reset", reset)]);
    }
    default:
      throw new RangeError(`version must be draft-8, draft-7, draft-6 or legacy, got ${version}`);
  }
}

/**
 * Reads what a server says about its limit, in any of the versions and `Retry-After` (seconds or a date), for whoever paces
 * the calls to it. What is missing or makes no sense is left out.
 *
 * `now` is the wall clock's, for dates; default `Date.now()`.
 */
export function parseRateLimitHeaders(
  headers: HeaderSource,
  now: number = Date.now(),
): RateLimitReport {
  const read = readerOf(headers);
  const current = read("ratelimit") ?? "";
  const policy = read("ratelimit-policy") ?? "";
  const old = (noun: string): number | undefined => number(read(`ratelimit-${noun}`)) ?? number(read(`x-ratelimit-${noun}`));
  const report = {
    limit: parameter(policy, "q") ?? parameter(current, "limit") ?? number(/^\s*(\d+)/.exec(policy)?.[1]) ?? old("limit"),
    remaining: parameter(current, "r") ?? parameter(current, "remaining") ?? old("remaining"),
    windowMs: toMs(parameter(policy, "w")),
    resetAfterMs: toMs(parameter(current, "t") ?? parameter(current, "reset") ?? sinceEpoch(old("reset"), now)),
    retryAfterMs: retryAfter(read("retry-after"), now),
  };
  return Object.fromEntries(Object.entries(report).filter(([, value]) => value !== undefined));
}

function readerOf(headers: HeaderSource): (name: string) => string | undefined {
  if (isHeaders(headers)) return (name) => headers.get(name) ?? undefined;
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return (name) => {
    const value = byName.get(name);
    return typeof value === "string" || value === undefined ? value : value.join(", ");
  };
}

function isHeaders(headers: HeaderSource): headers is HeadersLike {
  return "get" in headers && typeof headers.get === "function";
}

function parameter(field: string, name: string): number | undefined {
  return number(new RegExp(`(?:^|[;,\\s])${name}\\s*=\\s*"?(\\d+)`, "i").exec(field)?.[1]);
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

function toMs(secs: number | undefined): number | undefined {
  return secs === undefined ? undefined : 1000 * secs;
}

// Some servers send when the window ends, as seconds since 1970, rather than how long it lasts.
function sinceEpoch(secs: number | undefined, now: number): number | undefined {
  return secs === undefined || secs < 1e9 ? secs : Math.max(0, secs - now / 1000);
}

function retryAfter(text: string | undefined, now: number): number | undefined {
  const secs = number(text);
  if (secs !== undefined) return 1000 * secs;
  const date = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
