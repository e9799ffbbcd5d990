import { isRejected, outcomeOfError, type Call } from "@breakwater/core";
import type { Ending, RetryContext } from "./events.ts";
import { giveUpSince } from "./give-ups.ts";
import type { Rules } from "./options.ts";

/** The attempt that has just ended. */
export interface Ended {
  readonly attempt: number;
  readonly ending: Ending;
  readonly call: Call;
  /** How many marks there were when it began. */
  readonly since: number;
}

export function contextOf({ attempt, ending, call, since }: Ended): RetryContext {
  if (ending.status === "succeeded") return { attempt, call, outcome: "success", giveUp: undefined };
  return { attempt, call, outcome: outcomeOfError(ending.error, call), giveUp: giveUpSince(ending.error, since) };
}

/** Whether it is one to be retried, whether or not it can be. Throws what a predicate throws. */
export function isRetryable({ retryIf, retryResultIf }: Rules, ending: Ending, context: RetryContext): boolean {
  // Nobody waits for another attempt.
  if (context.call.signal?.aborted === true) return false;
  if (ending.status === "succeeded") return retryResultIf !== undefined && isBad(retryResultIf(ending.value, context));
  const answer: unknown = retryIf?.(ending.error, context);
  if (answer === "anyway") return true;
  if (answer !== undefined && typeof answer !== "boolean") throw nonsense("retryIf", 'true, false, "anyway" or undefined', answer);
  return context.giveUp === undefined && (answer ?? context.outcome === "failure");
}

/** Whether the work may be started once more after this. Throws what the option throws. */
export function isRepeatable({ idempotent }: Rules, ending: Ending, call: Call): boolean {
  // What was refused was never started.
  if (ending.status === "failed" && isRejected(ending.error)) return true;
  if (typeof idempotent === "boolean") return idempotent;
  const answer: unknown = idempotent(call);
  if (typeof answer !== "boolean") throw nonsense("idempotent", "true or false", answer);
  return answer;
}

function isBad(answer: unknown): boolean {
  if (typeof answer !== "boolean") throw nonsense("retryResultIf", "true or false", answer);
  return answer;
}

// An async predicate answers a promise, which is true to whoever does not look.
function nonsense(option: string, allowed: string, answer: unknown): TypeError {
  return new TypeError(`${option} must answer ${allowed}, got ${typeof answer}`);
}
