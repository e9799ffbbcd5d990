import type { DeadlineExceededError, DeadlineExceededReason, TimeoutError, TimeoutReason } from "./errors.ts";

export interface TimeoutEvents<Result = unknown> {
  /** The time was over, and the work was told to stop. Not emitted when the caller went away. */
  readonly timedOut: { readonly reason: TimeoutReason; readonly timeoutMs: number; readonly error: TimeoutError };
  /** The work did not let go within the grace, and the caller was answered without it. Cooperative mode only. */
  readonly abandoned: {
    readonly graceMs: number;
    /** What the caller got: the {@link TimeoutError}, or the reason of its own abort. */
    readonly error: unknown;
  };
  /** The work gave a value that nobody gets any more. `dispose` is given it as well. */
  readonly lateResult: {
    readonly value: Result;
    /** How long after the work was told to stop, in ms. */
    readonly lateMs: number;
  };
  /** The work failed when nobody heard of it any more, with an error other than the reason of its signal. */
  readonly lateError: {
    readonly error: unknown;
    /** How long after the work was told to stop, in ms. */
    readonly lateMs: number;
  };
}

export interface DeadlineEvents<Result = unknown> extends TimeoutEvents<Result> {
  /** Too little time was left, and the work was not started. */
  readonly rejected: { readonly reason: DeadlineExceededReason; readonly error: DeadlineExceededError };
}
