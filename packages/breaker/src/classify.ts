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
 * counts by the default. Of a failure with a detail that is wrong, e.g. a `retryAfterMs` of NaN, that detail alone is dropped.
 */
export type Classify<Result = unknown> = (result: PromiseSettledResult<Result>, call: Call) => Verdict | undefined;

/** How a settled call counts, whatever the user's classifier does. */
export function verdictOf(classify: Classify | undefined, result: PromiseSettledResult<unknown>, call: Call): Verdict {
  try {
    const answer: unknown = classify?.(result, call);
    if (answer === "success" || answer === "failure" || answer === "neutral") return answer;
    if (isFailureVerdict(answer)) return withoutWrong(answer);
    if (answer !== undefined) warn(new TypeError(`classify must answer an outcome or undefined, got ${shown(answer)}`));
  } catch (error) {
    warn(error);
  }
  return result.status === "fulfilled" ? "success" : outcomeOfError(result.reason, call);
}

function isFailureVerdict(answer: unknown): answer is FailureVerdict {
  return typeof answer === "object" && answer !== null && "outcome" in answer && answer.outcome === "failure";
}

/** That it was a failure is sure, whatever is wrong about the rest. */
function withoutWrong({ fault, retryAfterMs, tripForMs }: FailureVerdict): FailureVerdict {
  return {
    outcome: "failure",
    fault: rightOrNone(fault, checkFault),
    retryAfterMs: rightOrNone(retryAfterMs, (value) => checkNumber("retryAfterMs, as classify answered,", value)),
    tripForMs: rightOrNone(tripForMs, (value) => checkNumber("tripForMs, as classify answered,", value)),
  };
}

function rightOrNone<T>(detail: T, check: (detail: unknown) => unknown): T | undefined {
  try {
    if (detail !== undefined) check(detail);
    return detail;
  } catch (error) {
    warn(error);
    return undefined;
  }
}

function checkFault(fault: unknown): void {
  if (fault !== "local" && fault !== "remote") {
    throw new TypeError(`classify must answer the fault "local" or "remote", got ${shown(fault)}`);
  }
}

function shown(answer: unknown): string {
  return typeof answer === "string" ? JSON.stringify(answer) : typeof answer;
}
