import { outcomeOfError, warn, type Call, type Outcome } from "@breakwater/core";

/** How a result counts; undefined where the usual rule should decide. The value of a failure may have `retryAfterMs`, as an error. */
export type Classify = (result: PromiseSettledResult<unknown>, call: Call) => Outcome | undefined;

/** What `classify` throws becomes a warning, and the usual rule decides. */
export function outcomeOf(classify: Classify | undefined, result: PromiseSettledResult<unknown>, call: Call): Outcome {
  try {
    const outcome = classify?.(result, call);
    if (outcome === "success" || outcome === "failure" || outcome === "neutral") return outcome;
  } catch (error) {
    warn(error);
  }
  return result.status === "fulfilled" ? "success" : outcomeOfError(result.reason, call);
}
