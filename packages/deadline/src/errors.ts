import { RejectedError } from "@breakwater/core";

/** Whose time was over: that of one piece of work, or that of the whole request. */
export type TimeoutReason = "timeout" | "deadline";

export interface TimeoutErrorOptions {
  readonly timeoutMs: number;
  readonly reason: TimeoutReason;
  /** The name of the object that stopped it. */
  readonly source?: string | undefined;
}

/**
 * The work was started and did not end in time. It is no refusal: a breaker outside counts a failure, and what the work did
 * so far, nobody knows. The same error is the reason of the signal that the work was given.
 *
 * In cooperative mode `cause` is the error with which the work let go, if that was one of its own.
 */
export class TimeoutError extends Error {
  readonly code = "ERR_TIMEOUT";
  /** How long the work was given, in ms. */
  readonly timeoutMs: number;
  readonly reason: TimeoutReason;
  readonly source: string | undefined;

  static {
    this.prototype.name = "TimeoutError";
  }

  constructor({ timeoutMs, reason, source }: TimeoutErrorOptions) {
    super(`${titleOf(reason, source)}: the work did not end within ${Math.ceil(timeoutMs)} ms`);
    this.timeoutMs = timeoutMs;
    this.reason = reason;
    this.source = source;
  }
}

/** `expired`: the deadline had passed. `too-short`: less was left than the work is expected to take. */
export type DeadlineExceededReason = "expired" | "too-short";

export interface DeadlineExceededErrorOptions {
  readonly reason: DeadlineExceededReason;
  /** What was left, in ms; 0 when it had passed. */
  readonly remainingMs: number;
  /** How long the work is expected to take, in ms. */
  readonly expectedMs: number;
  readonly source?: string | undefined;
}

/** There was not enough time left; the work was not started. Asking again with the same deadline does not help. */
export class DeadlineExceededError extends RejectedError {
  declare readonly code: "ERR_DEADLINE_EXCEEDED";
  declare readonly reason: DeadlineExceededReason;
  /** What was left, in ms; 0 when the deadline had passed. */
  readonly remainingMs: number;
  /** How long the work is expected to take, in ms. */
  readonly expectedMs: number;

  static {
    this.prototype.name = "DeadlineExceededError";
  }

  constructor(options: DeadlineExceededErrorOptions) {
    super("ERR_DEADLINE_EXCEEDED", refusal(options), options);
    this.remainingMs = options.remainingMs;
    this.expectedMs = options.expectedMs;
  }
}

function refusal({ reason, remainingMs, expectedMs, source }: DeadlineExceededErrorOptions): string {
  const deadline = titleOf("deadline", source);
  if (reason === "expired") return `${deadline}: it had passed before the work was started`;
  return `${deadline}: ${Math.floor(remainingMs)} ms are left, and the work is expected to take ${Math.ceil(expectedMs)} ms`;
}

function titleOf(kind: TimeoutReason, name: string | undefined): string {
  return name === undefined ? kind : `${kind} ${name}`;
}
