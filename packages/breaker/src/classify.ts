import { checkNumber, outcomeOfError, warn, type Call, type Outcome } from "@breakwater/core";
import type { Fault } from "./trips/trip.ts";

/** A failure of which more is known than that it is one. */
export interface FailureVerdict {
  readonly outcome: "failure";
  /** Where it arose, for `faults` to tell apart. Default `remote`. */
  readonly fault?: Fault | undefined;
  /** What the dependency asked for, e.g. by Retry-After, in ms from 0: if this failure opens the breaker, the break is no shorter. */
  readonly retryAfterMs?: number | undefined;
  /** Opens the breaker at once, whatever the trip has seen, for exactly so long, in ms from 0. Infinity stays open until `reset`. */
  readonly tripForMs?: number | undefined;
}

export type Verdict = Outcome | FailureVerdict;

/**
 * Says how a settled call counts; undefined leaves it to the default. The result tells a value from an error by its
 * `status`, because an error may be any value, undefined too. `call` is what the caller handed in.
 *
 * One that throws, or answers anything else, costs no caller the result: the fault becomes a process warning, and the call
 * counts by the default.
 */
export type Classify<Result = unknown> = (result: PromiseSettledResult<Result>, call: Call) => Verdict | undefined;

/** How a settled call counts, whatever the user's classifier does. */
export function verdictOf(classify: Classify | undefined, result: PromiseSettledResult<unknown>, call: Call): Verdict {
  try {
    const answer: unknown = classify?.(result, call);
    if (answer === "success" || answer === "failure" || answer === "neutral") return answer;
    if (isFailureVerdict(answer)) return checkVerdict(answer);
    if (answer !== undefined) warn(new TypeError(`classify must answer an outcome or undefined, got ${shown(answer)}`));
  } catch (error) {
    warn(error);
  }
  return result.status === "fulfilled" ? "success" : outcomeOfError(result.reason, call);
}

function isFailureVerdict(answer: unknown): answer is FailureVerdict {
  return typeof answer === "object" && answer !== null && "outcome" in answer && answer.outcome === "failure";
}

function checkVerdict(verdict: FailureVerdict): FailureVerdict {
  const { retryAfterMs, tripForMs } = verdict;
  const fault: unknown = verdict.fault; // JavaScript callers may answer anything
  if (fault !== undefined && fault !== "local" && fault !== "remote") {
    throw new TypeError(`classify must answer the fault "local" or "remote", got ${shown(fault)}`);
  }
  if (retryAfterMs !== undefined) checkNumber("retryAfterMs, as classify answered,", retryAfterMs);
  if (tripForMs !== undefined) checkNumber("tripForMs, as classify answered,", tripForMs);
  return verdict;
}

function shown(answer: unknown): string {
  return typeof answer === "string" ? JSON.stringify(answer) : typeof answer;
}
