import type { Decision } from "./decision.ts";

export interface RateLimitHeadersOptions {
  /** Names the limit, for `draft-8`: printable ASCII. Default `default`. */
  readonly policyName?: string | undefined;
  /**
   * `draft-8`: `RateLimit-Policy` and `RateLimit` as structured fields; the default. `draft-7`: the same two, unnamed. `draft-6`:
   * `RateLimit-Policy`, `-Limit`, `-Remaining`, `-Reset`. `legacy`: the last three with `X-` before them, the reset as seconds
   * since 1970, as GitHub and most others have it.
   */
  readonly version?: "draft-8" | "draft-7" | "draft-6" | "legacy" | undefined;
  /** For `legacy`: the time that people read, in ms since 1970. Default `Date.now`. */
  readonly wallClock?: (() => number) | undefined;
}

/** Lower case, as HTTP/2 has them; `Headers` and Node's `setHeader` take them as they are. */
export type RateLimitHeaders = Readonly<Record<string, string>>;

// The largest integer of a structured field (RFC 9651).
const most = 999_999_999_999_999;

/** The fields hold whole seconds. Rounded up, nobody comes too early. */
function seconds(ms: number): number {
  return Math.min(Math.ceil(ms / 1000), most);
}

function units(count: number): number {
  return Math.min(Math.floor(count), most);
}

/**
 * The fields by which a server tells its limit: draft-ietf-httpapi-ratelimit-headers, in the version that your clients know.
 *
 * A refusal has a `retry-after`, never earlier than what the other fields say, unless trying again never helps. Where nothing
 * is left the reset is the time until there is something again; elsewhere until everything is as at first.
 *
 * @throws RangeError for a version that does not exist, or a name that a structured field cannot hold.
 */
export function rateLimitHeaders(decision: Decision, options: RateLimitHeadersOptions = {}): RateLimitHeaders {
  const { policyName = "default", version = "draft-8", wallClock = Date.now } = options;
  if (!/^[ -~]*$/.test(policyName)) throw new RangeError(`policyName must be printable ASCII, got ${JSON.stringify(policyName)}`);
  const { allowed, retryAfterMs, resetAfterMs } = decision;
  const isOver = !allowed && retryAfterMs < Infinity;
  const told: Told = {
    name: `"${policyName.replace(/["\\]/g, "\\$&")}"`,
    limit: units(decision.limit),
    remaining: units(decision.remaining),
    windowSeconds: Math.max(1, seconds(decision.windowMs)),
    resetSeconds: isOver ? Math.max(1, seconds(retryAfterMs)) : seconds(resetAfterMs),
  };
  const fields = fieldsOf(told, version, wallClock);
  return isOver ? { ...fields, "retry-after": String(told.resetSeconds) } : fields;
}

interface Told {
  readonly name: string;
  readonly limit: number;
  readonly remaining: number;
  readonly windowSeconds: number;
  readonly resetSeconds: number;
}

function fieldsOf(told: Told, version: string, wallClock: () => number): RateLimitHeaders {
  const { name, limit, remaining, windowSeconds, resetSeconds } = told;
  const policy = `${limit};w=${windowSeconds}`;
  switch (version) {
    case "draft-8":
      return {
        "ratelimit-policy": `${name};q=${policy}`,
        ratelimit: `${name};r=${remaining};t=${resetSeconds}`,
      };
    case "draft-7":
      return { "ratelimit-policy": policy, ratelimit: `limit=${limit}, remaining=${remaining}, reset=${resetSeconds}` };
    case "draft-6":
      return { "ratelimit-policy": policy, ...threeOf("ratelimit", told, resetSeconds) };
    case "legacy":
      return threeOf("x-ratelimit", told, Math.min(Math.ceil(wallClock() / 1000 + resetSeconds), most));
    default:
      throw new RangeError(`version must be draft-8, draft-7, draft-6 or legacy, got ${version}`);
  }
}

function threeOf(prefix: string, { limit, remaining }: Told, reset: number): RateLimitHeaders {
  return { [`${prefix}-limit`]: String(limit), [`${prefix}-remaining`]: String(remaining), [`${prefix}-reset`]: String(reset) };
}
