import type { RejectedError } from "@breakwater/core";
import type { Admission, Refusal } from "./circuit/admission.ts";
import type { Classify, FailureVerdict } from "./classify.ts";

/** What a guard stands at: lets calls in or not, and learns how they went. Nothing here may throw but `refuse`'s answer. */
export interface Gate {
  readonly classify: Classify | undefined;
  admit(): Admission | Refusal;
  /** `durationMs`: how long it took, where the caller knows better than the gate. */
  succeed(admission: Admission, durationMs?: number): void;
  fail(admission: Admission, error: unknown, verdict?: FailureVerdict, durationMs?: number): void;
  /** The call said nothing about the dependency. */
  release(admission: Admission, durationMs?: number): void;
  /** A new error for each refusal: a shared one would gather what its holders do to it. */
  refuse(refusal: Refusal): RejectedError;
  /** The same where nobody gets the error. */
  turnAway(refusal: Refusal): void;
}
