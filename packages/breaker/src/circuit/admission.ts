import { FifoNode } from "@breakwater/core";

/** What a promise is followed with: learns how the call went, and passes the value or the error on. */
export type Succeeded = (value: unknown) => unknown;
export type Failed = (error: unknown) => never;

/** What let a call in. */
export interface Admission {
  readonly isAdmitted: true;
  /** What the result is credited to, while it lasts. */
  readonly period: object;
  /** When it began; undefined where nobody wants to know how long it takes. */
  readonly startedAt: number | undefined;
  /** Bound when somebody follows a promise, and kept for the next call of the same admission. */
  succeeded: Succeeded | undefined;
  failed: Failed | undefined;
}

/** What a caller is told who was not let in. */
export interface Refusal<Reason extends string = string> {
  readonly isAdmitted: false;
  readonly reason: Reason;
  readonly retryAfterMs: number | undefined;
  readonly cause: unknown;
}

/** Lets in whoever comes. Calls share it, so that none of them allocates one. */
export class Pass implements Admission {
  succeeded: Succeeded | undefined = undefined;
  failed: Failed | undefined = undefined;

  // eslint-disable-next-line @typescript-eslint/class-literal-property-style -- a field in each of a hundred thousand breakers
  get isAdmitted(): true {
    return true;
  }

  get startedAt(): undefined {
    return undefined;
  }

  /** The period is the pass: what has the same life needs no second object. */
  get period(): object {
    return this;
  }
}

/** Lets in one call whose time matters: a probe, or a call of which it is to be known how long it takes. */
export class Flight extends FifoNode implements Admission {
  readonly isAdmitted = true;
  readonly period: object;
  readonly startedAt: number;
  /** By how many of the trip's `slowMs` it was found slow already. */
  passed = 0;
  succeeded: Succeeded | undefined = undefined;
  failed: Failed | undefined = undefined;

  constructor(period: object, startedAt: number) {
    super();
    this.period = period;
    this.startedAt = startedAt;
  }
}
