import { isRejected, type RejectedError } from "@breakwater/core";
import { isStatusError } from "./status-error.ts";

/** What some refusals say whatever their reason. */
const statusOfCode: ReadonlyMap<string, number> = new Map([
  ["ERR_AUTHENTICATION", 401],
  ["ERR_VALIDATION", 400],
  ["ERR_DEADLINE_EXCEEDED", 504],
  ["ERR_TIMEOUT", 504],
  ["ERR_CACHE_TIMEOUT", 504],
  ["ERR_COALESCING_TIMEOUT", 504],
  ["ERR_SERVER_STOPPING", 503],
]);

/**
 * What a limiter's refusal says. 429: this caller, or all of them, ask for more than is granted. 503: the server has too much to do,
 * or is leaving. 504: the caller's own deadline would pass first.
 */
const statusOfLimiter: ReadonlyMap<string, number> = new Map([
  ["rate", 429],
  ["blocked", 429],
  ["queue-full", 429],
  ["evicted", 429],
  ["timeout", 429],
  ["too-heavy", 429],
  ["deadline", 504],
]);

/**
 * The status that says to a caller what an error means to it. Told by `code`, so errors of another copy of a package count too.
 *
 * A limiter's `rate`, `blocked`, `queue-full`, `evicted`, `timeout`, `too-heavy` 429; a deadline that is over, a wait that outlasted
 * it, or a `TimeoutError`, 504; missing or wrong credentials 401; an input that is not valid 400; a {@link StatusError} its own; every other refusal, an open
 * breaker, an overload, a service that is not running, 503; anything else 500.
 */
export function statusOfError(error: unknown): number {
  if (isStatusError(error)) return error.status;
  const code = codeOf(error);
  const known = code === undefined ? undefined : statusOfCode.get(code);
  if (known !== undefined) return known;
  return isRejected(error) ? statusOfRefusal(error) : 500;
}

function statusOfRefusal({ code, reason }: RejectedError): number {
  if (code === "ERR_LIMITER_REJECTED") return statusOfLimiter.get(reason) ?? 503;
  return reason === "rate" ? 429 : reason === "deadline" ? 504 : 503;
}

/** The error's `code`, where it is a text. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
