import { outcomeOfError, warn, type Call, type Outcome } from "@breakwater/core";

/**
 * Says how a settled call counts; undefined leaves it to the default. The result tells a value from an error by its
 * `status`, because an error may be any value, undefined too. `call` is what the caller handed in.
 *
 * One that throws, or answers anything else, costs no caller the result: the fault becomes a process warning, and the call
 * counts by the default.
 */
export type Classify = (result: PromiseSettledResult<unknown>, call: Call) => Outcome | undefined;

/** The outcome of a settled call, whatever the user's classifier does. */
export function outcomeOf(classify: Classify | undefined, result: PromiseSettledResult<unknown>, call: Call): Outcome {
  try {
    const outcome: unknown = classify?.(result, call);
    if (outcome === "success" || outcome === "failure" || outcome === "neutral") return outcome;
    if (outcome !== undefined) warn(new TypeError(`classify must answer an outcome or undefined, got ${shown(outcome)}`));
  } catch (error) {
    warn(error);
  }
  return result.status === "fulfilled" ? "success" : outcomeOfError(result.reason, call);
}

function shown(answer: unknown): string {
  return typeof answer === "string" ? JSON.stringify(answer) : typeof answer;
}
