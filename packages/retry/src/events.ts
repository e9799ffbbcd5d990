import type { Call, Outcome } from "@breakwater/core";
import type { GiveUp, GiveUpReason } from "./give-ups.ts";

/** What predicates, backoffs and readers are told of the attempt that has just ended. */
export interface RetryContext {
  /** Its number, from 1. */
  readonly attempt: number;
  /** What the attempt was given. */
  readonly call: Call;
  /** How it counts by default: a refusal is neutral, any other error a failure, a result a success. */
  readonly outcome: Outcome;
  /** Why an inner retry gave up on this error during this attempt, if one did. */
  readonly giveUp: GiveUp | undefined;
}

/** How an attempt ended. An error may be any value, undefined too, so `status` tells. */
export type Ending = { readonly status: "succeeded"; readonly value: unknown } | { readonly status: "failed"; readonly error: unknown };

export interface RetryEvents {
  /** An attempt ended badly, and another is scheduled. */
  readonly retried: {
    /** The number of the attempt that ended, from 1. */
    readonly attempt: number;
    /** Its error; undefined when its result was bad. */
    readonly error: unknown;
    readonly ending: Ending;
    /** How long it waits before the next one. */
    readonly delayMs: number;
    readonly call: Call;
  };
  /** It would have been retried, and is not; the caller gets this error, or this result. */
  readonly gaveUp: {
    readonly reason: GiveUpReason;
    /** How many there were. */
    readonly attempts: number;
    readonly error: unknown;
    readonly ending: Ending;
    readonly call: Call;
  };
  /** An attempt after the first went well. */
  readonly recovered: { readonly attempts: number; readonly call: Call };
}

/** Counts since it was made; `waiting` is as of now. */
export interface RetryStats {
  /** Calls whose first attempt was started. */
  readonly calls: number;
  /** Times that the work was started. */
  readonly attempts: number;
  /** Calls that went well after the first attempt. */
  readonly recovered: number;
  /** Calls that were given up, by reason. */
  readonly gaveUp: Readonly<Record<GiveUpReason, number>>;
  /** Calls whose caller went away while they waited for the next attempt. */
  readonly aborted: number;
  /** Calls that wait for their next attempt. */
  readonly waiting: number;
}
