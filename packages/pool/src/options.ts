import { checkFunction, checkNumber, noopMeter, systemClock, type Call, type Clock, type Meter } from "@breakwater/core";

/** What the factory is told. */
export interface CreateContext {
  /** Aborts when the create timed out or the pool closed: the resource is no longer wanted. Made when it is read. */
  readonly signal: AbortSignal;
}

/** The functions that know what a resource is. Each may answer at once or with a promise. */
export interface Factory<R> {
  /** Makes a resource. May throw or reject: callers get that very error. */
  readonly create: (context: CreateContext) => R | PromiseLike<R>;
  /** Ends a resource. What it throws is reported, and never reaches a caller. Default: nothing to do. */
  readonly destroy?: ((resource: R) => void | PromiseLike<void>) | undefined;
  /** Asked before a resource is used again; not asked of one just created. Falsy, thrown or late: it is destroyed. */
  readonly validate?: ((resource: R) => boolean | PromiseLike<boolean>) | undefined;
}

export interface PoolOptions<R> extends Factory<R> {
  /** How many `start()` makes and keeps, and idle eviction leaves. Whole, 0 to max. Default 0. */
  readonly min?: number | undefined;
  /** How many may exist at once, those being created and destroyed included. Whole, from 1; Infinity works. Default 10. */
  readonly max?: number | undefined;
  /** How many may wait besides those served by work in progress. Whole, from 0 (never wait). Default Infinity. */
  readonly maxWaiting?: number | undefined;
  /** Limit of a whole acquire: waiting, creating and validating. Milliseconds from 0. Default 30,000. */
  readonly acquireTimeoutMs?: number | undefined;
  /** Limit of one create. Milliseconds from 0. Default Infinity. */
  readonly createTimeoutMs?: number | undefined;
  /** Limit of one validate. Milliseconds from 0. Default 5,000. */
  readonly validateTimeoutMs?: number | undefined;
  /** Limit of one destroy, and of a create still running when the pool closes. Milliseconds from 0. Default 5,000. */
  readonly destroyTimeoutMs?: number | undefined;
  /** How long a resource beyond `min` may lie unused; it goes at most a tenth later. From 1; Infinity: never. Default 30,000. */
  readonly idleTimeoutMs?: number | undefined;
  /** Whether this error of the borrower's work means that the resource is broken. Default: it never does. */
  readonly destroyOnError?: ((error: unknown) => boolean) | undefined;
  /** Appears in errors and measurements. */
  readonly name?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly meter?: Meter | undefined;
  /** From 0 up to 1: spreads the backoff after failed creates. Default Math.random. */
  readonly random?: (() => number) | undefined;
}

/** How long an acquire may wait. Every `Call` fits. */
export interface AcquireOptions extends Call {
  /** Instead of the pool's `acquireTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

export interface CloseOptions {
  /** How long borrowers may keep what they hold. Milliseconds from 0; Infinity works. Default 10,000. */
  readonly graceMs?: number | undefined;
}

/** The options, checked and complete. */
export interface PoolSettings<R> extends Factory<R> {
  readonly min: number;
  readonly max: number;
  readonly maxWaiting: number;
  readonly acquireTimeoutMs: number;
  readonly createTimeoutMs: number;
  readonly validateTimeoutMs: number;
  readonly destroyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly name: string | undefined;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly random: () => number;
}

export function readOptions<R>(options: PoolOptions<R>): PoolSettings<R> {
  const { create, destroy, validate, name, clock = systemClock, meter = noopMeter, random = Math.random } = options;
  checkFunction("create", create);
  if (destroy !== undefined) checkFunction("destroy", destroy);
  if (validate !== undefined) checkFunction("validate", validate);
  checkFunction("random", random);
  const max = checkNumber("max", options.max ?? 10, { min: 1, integer: true });
  return {
    create,
    destroy,
    validate,
    name,
    clock,
    meter,
    random,
    max,
    min: checkNumber("min", options.min ?? 0, { max: Math.min(max, Number.MAX_SAFE_INTEGER), integer: true }),
    maxWaiting: checkNumber("maxWaiting", options.maxWaiting ?? Infinity, { integer: true }),
    acquireTimeoutMs: checkNumber("acquireTimeoutMs", options.acquireTimeoutMs ?? 30_000),
    createTimeoutMs: checkNumber("createTimeoutMs", options.createTimeoutMs ?? Infinity),
    validateTimeoutMs: checkNumber("validateTimeoutMs", options.validateTimeoutMs ?? 5_000),
    destroyTimeoutMs: checkNumber("destroyTimeoutMs", options.destroyTimeoutMs ?? 5_000),
    idleTimeoutMs: checkNumber("idleTimeoutMs", options.idleTimeoutMs ?? 30_000, { min: 1 }),
  };
}
