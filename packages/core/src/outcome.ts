import type { Call } from "./call.ts";
import { isRejected } from "./rejected-error.ts";

/**
 * What one piece of work says about the thing that did it.
 * `neutral` says nothing: the caller went away, or a limit on our side refused before anything was asked.
 */
export type Outcome = "success" | "failure" | "neutral";

/**
 * How an error counts unless a pattern's option says otherwise: a local refusal and anything thrown after the caller
 * aborted are neutral, everything else is a failure. The signal is asked, not the error's name, because an abort may
 * reject with any value.
 */
export function outcomeOfError(error: unknown, call?: Call): "failure" | "neutral" {
  return call?.signal?.aborted === true || isRejected(error) ? "neutral" : "failure";
}
