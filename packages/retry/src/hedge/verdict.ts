import { isRejected, warn, type Call } from "@breakwater/core";
import { giveUpSince } from "../give-ups.ts";
import type { HedgeSettings } from "./options.ts";
import type { Try } from "./try.ts";

/** What an error of a try means. */
export type Verdict =
  /** The call ends with it. */
  | "fatal"
  /** The next try is sent. */
  | "failure"
  /** A failure, but an inner retry has tried what could be tried: nothing is sent. */
  | "given-up"
  /** A refusal: it says nothing about the dependency, and nothing is sent. */
  | "neutral";

/** Whatever the user's function does. The caller's abort does not come here: it has settled the call before. */
export function verdictOf({ isFatal }: HedgeSettings, error: unknown, own: Try, call: Call): Verdict {
  try {
    const answer: unknown = isFatal?.(error, call);
    if (typeof answer === "boolean") return answer ? "fatal" : "failure";
    if (answer !== undefined) warn(new TypeError(`isFatal must answer true, false or undefined, got ${typeof answer}`));
  } catch (fault) {
    warn(fault);
  }
  return defaultOf(error, own);
}

function defaultOf(error: unknown, own: Try): Verdict {
  try {
    if (isRejected(error)) return "neutral";
  } catch {
    // a proxy that lets nobody look at it
  }
  return giveUpSince(error, own.giveUpsBefore) === undefined ? "failure" : "given-up";
}

/** Whether this call may be done more than once. */
export function isIdempotent({ idempotent }: HedgeSettings, call: Call): boolean {
  if (typeof idempotent === "boolean") return idempotent;
  try {
    // An async predicate answers a promise, which is true to whoever does not look.
    const answer: unknown = idempotent(call);
    if (typeof answer === "boolean") return answer;
    warn(new TypeError(`idempotent must answer true or false, got ${typeof answer}`));
  } catch (fault) {
    warn(fault);
  }
  return false;
}
