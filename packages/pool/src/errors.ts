import { RejectedError } from "@breakwater/core";

/** Any refusal of a pool, told apart by `code`. */
export type PoolRejection = PoolTimeoutError | PoolClosedError | PoolFullError;

/** Which limit ran out. `timeout`: the pool's or the call's timeout. `deadline`: the call's `deadlineAt`. */
export type PoolTimeoutReason = "timeout" | "deadline";

/** The time was over before a resource was there. `cause` is the last create error while creating fails. */
export class PoolTimeoutError extends RejectedError {
  declare readonly code: "ERR_POOL_TIMEOUT";
  declare readonly reason: PoolTimeoutReason;

  static {
    this.prototype.name = "PoolTimeoutError";
  }

  constructor(message: string, reason: PoolTimeoutReason, source?: string, cause?: unknown) {
    super("ERR_POOL_TIMEOUT", message, { reason, source, cause });
  }
}

/**
 * A function of the factory took longer than its own timeout. It is no refusal: like an error that the function throws,
 * it is a fault of what is behind the pool, and a breaker round the pool counts it as one.
 */
export class PoolFactoryTimeoutError extends Error {
  override readonly name: string = "PoolFactoryTimeoutError";
  readonly code = "ERR_POOL_FACTORY_TIMEOUT";
  readonly step: "create" | "validate" | "destroy";
  readonly timeoutMs: number;

  constructor(source: string | undefined, step: "create" | "validate" | "destroy", timeoutMs: number) {
    super(`${nameOf(source)}: ${step} took longer than ${timeoutMs} ms`);
    this.step = step;
    this.timeoutMs = timeoutMs;
  }
}

/** The pool is closed, or closing. */
export class PoolClosedError extends RejectedError {
  declare readonly code: "ERR_POOL_CLOSED";
  declare readonly reason: "closed";

  static {
    this.prototype.name = "PoolClosedError";
  }

  constructor(source?: string) {
    super("ERR_POOL_CLOSED", `${nameOf(source)} is closed`, { reason: "closed", source });
  }
}

/** Every resource is out and `maxWaiting` callers wait already. `cause` is the last create error while creating fails. */
export class PoolFullError extends RejectedError {
  declare readonly code: "ERR_POOL_FULL";
  declare readonly reason: "full";

  static {
    this.prototype.name = "PoolFullError";
  }

  constructor(maxWaiting: number, source: string | undefined, backoff: { readonly delayMs: number; readonly error: unknown }) {
    const retryAfterMs = backoff.delayMs > 0 ? backoff.delayMs : undefined;
    const message = `${nameOf(source)} has no resource free, and ${maxWaiting} may wait`;
    super("ERR_POOL_FULL", message, { reason: "full", source, retryAfterMs, cause: backoff.error });
  }
}

/** How messages call the pool. */
export function nameOf(source: string | undefined): string {
  return source === undefined ? "pool" : `pool ${JSON.stringify(source)}`;
}
