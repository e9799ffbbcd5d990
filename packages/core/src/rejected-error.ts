/**
 * Refusals: one family, cheap to make.
 *
 * In an overload refusing *is* the hot path, and capturing a stack costs about 3 us, forty times the call that it
 * refuses. A refusal is not a bug whose origin somebody looks for; it says who refused, why, and when to come back. So
 * the stack is switched off while the error is built, and `stack` reads as its first line alone.
 *
 * A program can hold two copies of this module (ESM beside CJS, two versions), for which `instanceof` is false. Hence
 * the brand: a registered symbol, which all copies share.
 */
const brand = Symbol.for("@breakwater/rejected");

export interface RejectedErrorOptions {
  /** Why, as one stable lower-case word that programs may compare: `open`, `queue-full`, `timeout`, `closed`. */
  readonly reason: string;
  /** After how many milliseconds asking again can help; left out where nobody can know. */
  readonly retryAfterMs?: number | undefined;
  /** The name of the object that refused. */
  readonly source?: string | undefined;
  /** What led to the refusal, e.g. the error that opened the breaker. */
  readonly cause?: unknown;
}

/** Says no before any work was started. Match it with {@link isRejected} or by `code`. */
export class RejectedError extends Error {
  /** Literal in each subclass, e.g. `ERR_BREAKER_OPEN`. */
  readonly code: string;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  readonly source: string | undefined;

  constructor(code: string, message: string, options: RejectedErrorOptions) {
    const limit = Error.stackTraceLimit;
    limitStack(0);
    super(message);
    limitStack(limit);
    // Handed to Error it would cost 80 ns more, a fifth of a refusal.
    if (options.cause !== undefined) this.cause = options.cause;
    this.code = code;
    this.reason = options.reason;
    this.retryAfterMs = options.retryAfterMs;
    this.source = options.source;
  }
}
// On the prototype rather than in the class: declarations would have to name a symbol that nobody else needs.
Object.defineProperty(RejectedError.prototype, brand, { value: true });
Object.defineProperty(RejectedError.prototype, "name", { value: "RejectedError", configurable: true, writable: true });

// In a hardened program the limit cannot be written, and each refusal pays for its stack.
function limitStack(frames: number): void {
  try {
    Error.stackTraceLimit = frames;
  } catch {
    // it stays as it is
  }
}

/** Whether `error` is a refusal of any Breakwater package, whichever copy of it made the error. */
export function isRejected(error: unknown): error is RejectedError {
  return typeof error === "object" && error !== null && brand in error && "code" in error;
}
