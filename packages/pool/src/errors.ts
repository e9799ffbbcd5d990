import { RejectedError } from "@breakwater/core";

/** Any refusal of a pool, told apart by `code`. */
export type PoolRejection = PoolTimeoutError | PoolClosedError | PoolFullError | PoolOverloadedError | PoolUnavailableError;

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

/** The functions that a pool is given. */
export type FactoryStep = "create" | "validate" | "reset" | "cancel" | "destroy";

/**
 * A function of the factory took longer than its own timeout. It is no refusal: like an error that the function throws,
 * it is a fault of what is behind the pool, and a breaker round the pool counts it as one.
 */
export class PoolFactoryTimeoutError extends Error {
  override readonly name: string = "PoolFactoryTimeoutError";
  readonly code = "ERR_POOL_FACTORY_TIMEOUT";
  readonly step: FactoryStep;
  readonly timeoutMs: number;

  constructor(source: string | undefined, step: FactoryStep, timeoutMs: number) {
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

  constructor(maxWaiting: number, source: string | undefined, outage: Outage) {
    const message = `${nameOf(source)} has no resource free, and ${maxWaiting} may wait`;
    super("ERR_POOL_FULL", message, { reason: "full", source, retryAfterMs: timeOf(outage), cause: outage.error });
  }
}

/**
 * Creating fails and nothing is left that could serve. `cause` is the last create error; `retryAfterMs` says when the next
 * create is due, and is absent while one runs.
 */
export class PoolUnavailableError extends RejectedError {
  declare readonly code: "ERR_POOL_UNAVAILABLE";
  declare readonly reason: "unavailable";

  static {
    this.prototype.name = "PoolUnavailableError";
  }

  constructor(source: string | undefined, outage: Outage) {
    const message = `${nameOf(source)} has no resource, and creating one fails: ${messageOf(outage.error)}`;
    super("ERR_POOL_UNAVAILABLE", message, { reason: "unavailable", source, retryAfterMs: timeOf(outage), cause: outage.error });
  }
}

/** The line stands, and this caller had waited too long to be of use. Only where `shedding` is on. */
export class PoolOverloadedError extends RejectedError {
  declare readonly code: "ERR_POOL_OVERLOADED";
  declare readonly reason: "overloaded";

  static {
    this.prototype.name = "PoolOverloadedError";
  }

  constructor(waitedMs: number, source: string | undefined) {
    const message =
      `${nameOf(source)}: given up after ${Math.round(waitedMs)} ms in a line that stands; ` +
      "more is asked than its resources can do: raise max if what is behind them can do more, or ask for less";
    super("ERR_POOL_OVERLOADED", message, { reason: "overloaded", source });
  }
}

/** A lease that was settled by its holder is settled again: somebody goes on using what is not theirs any more. */
export class LeaseSettledError extends Error {
  override readonly name: string = "LeaseSettledError";
  readonly code = "ERR_POOL_LEASE_SETTLED";

  constructor(source: string | undefined) {
    super(`${nameOf(source)}: the lease was released already`);
  }
}

/** A lease was given back to a pool that it is not from. */
export class ForeignLeaseError extends Error {
  override readonly name: string = "ForeignLeaseError";
  readonly code = "ERR_POOL_FOREIGN_LEASE";

  /** `keeper`: the pool that it is from, if it is a lease. */
  constructor(source: string | undefined, keeper: { readonly name: string | undefined } | undefined) {
    const other = keeper?.name === undefined ? "another pool" : nameOf(keeper.name);
    const what = keeper === undefined ? "what is no lease" : `a lease of ${other}`;
    super(`${nameOf(source)} was given back ${what}`);
  }
}

/** How creating stands, while it fails. */
export interface Outage {
  /** Until the next create may start. */
  readonly delayMs: number;
  readonly error: unknown;
}

function timeOf({ delayMs }: Outage): number | undefined {
  return delayMs > 0 ? delayMs : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** How messages call the pool. */
export function nameOf(source: string | undefined): string {
  return source === undefined ? "pool" : `pool ${JSON.stringify(source)}`;
}
