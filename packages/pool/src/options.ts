import { checkFunction, checkNumber, noopMeter, systemClock, type Call, type Clock, type Meter } from "@breakwater/core";
import { ContextClock, type RunInContext, captureContext } from "./factory/context.ts";

/** What the factory is told. */
export interface CreateContext {
  /** Aborts when the create timed out or the pool closed: the resource is no longer wanted. Made when it is read. */
  readonly signal: AbortSignal;
  /**
   * Tells the pool, at any time, that the resource broke by itself, as when its socket closed: destroyed at once when idle, else when
   * it comes back. Calling it twice, or too late, is harmless.
   */
  readonly broken: (error?: unknown) => void;
}

/**
 * The functions that know what a resource is. Each may answer at once or with a promise, throw, reject or never settle. They run
 * in the asynchronous context in which the pool was built, never in a request's.
 */
export interface Factory<R> {
  /** Makes a resource. */
  readonly create: (context: CreateContext) => R | PromiseLike<R>;
  /** Ends a resource. What it throws is reported, and never reaches a caller. Default: nothing to do. */
  readonly destroy?: ((resource: R) => void | PromiseLike<void>) | undefined;
  /** Asked before a resource is used again; not asked of one just created. Falsy, thrown or late: it is destroyed. */
  readonly validate?: ((resource: R) => boolean | PromiseLike<boolean>) | undefined;
  /** Puts a returned resource in order for the next borrower. Thrown or late: it is destroyed. */
  readonly reset?: ((resource: R) => void | PromiseLike<void>) | undefined;
  /**
   * Stops what the resource is doing for a borrower in `use` or `layer` whose signal has aborted. The resource is not returned before
   * this has settled. Thrown or late: it is destroyed.
   */
  readonly cancel?: ((resource: R) => void | PromiseLike<void>) | undefined;
}

/** How many there may be. All of it can be changed while the pool runs, by `resize`. */
export interface PoolSize {
  /** How many `start()` makes and keeps, and idle eviction leaves. Whole, 0 to max. Default 0. */
  readonly min?: number | undefined;
  /** How many may exist at once, those being created and destroyed included. Whole, from 1; Infinity works. Default 10. */
  readonly max?: number | undefined;
  /** How many may lie idle; what is returned beyond that is destroyed. Whole, from 0 and from `min`. Default Infinity. */
  readonly maxIdle?: number | undefined;
}

export interface PoolOptions<R> extends Factory<R>, PoolSize {
  /** How many creates may be in flight: growth waits for what comes back meanwhile. Whole, from 1; Infinity works. Default 2. */
  readonly maxConnecting?: number | undefined;
  /** How many may wait besides those served by work in progress. Whole, from 0 (never wait). Default Infinity. */
  readonly maxWaiting?: number | undefined;
  /** Limit of a whole acquire: waiting, creating and validating. Milliseconds from 0. Default 30,000. */
  readonly acquireTimeoutMs?: number | undefined;
  /** Limit of one create. Milliseconds from 0. Default Infinity. */
  readonly createTimeoutMs?: number | undefined;
  /** Limit of one validate. Milliseconds from 0. Default 5,000. */
  readonly validateTimeoutMs?: number | undefined;
  /** Limit of one reset, and of one cancel. Milliseconds from 0. Default 5,000. */
  readonly resetTimeoutMs?: number | undefined;
  /** Limit of one destroy, and of a create still running when the pool closes. Milliseconds from 0. Default 5,000. */
  readonly destroyTimeoutMs?: number | undefined;
  /** A resource that was good so recently is not validated again. Milliseconds from 0. Default 500. */
  readonly validateAfterMs?: number | undefined;
  /** How long a resource beyond `min` may lie unused; it goes at most a tenth later. From 1; Infinity: never. Default 30,000. */
  readonly idleTimeoutMs?: number | undefined;
  /** An idle resource is validated when it has lain so long since its last use or test. From 1. Default Infinity: never. */
  readonly keepaliveMs?: number | undefined;
  /** The age at which a resource is destroyed, when nobody has it. Milliseconds from 1. Default Infinity. */
  readonly maxLifetimeMs?: number | undefined;
  /** Up to which share of its lifetime is taken off, drawn once for each resource. Ratio 0 to 1. Default 0.05. */
  readonly lifetimeJitter?: number | undefined;
  /** After so many loans a resource is destroyed. Whole, from 1. Default Infinity. */
  readonly maxUses?: number | undefined;
  /** Which idle resource is next: the one used last, so that others age and go, or each in turn. Default `lifo`. */
  readonly order?: "lifo" | "fifo" | undefined;
  /** The pause after the first failed create, and the longest, doubling in between. From 1. Default 50 and 5,000. */
  readonly retryMinMs?: number | undefined;
  readonly retryMaxMs?: number | undefined;
  /** How long a caller must have waited to be ahead of one who comes now and is one `priority` more important. Default 1,000. */
  readonly ageingMs?: number | undefined;
  /** Gives up waiters when the line stands: see {@link SheddingOptions}. Default: does not. */
  readonly shedding?: SheddingOptions | undefined;
  /** Whether this error of the borrower's work means that the resource is broken. Default: it never does. */
  readonly destroyOn?: ((error: unknown) => boolean) | undefined;
  /** From when on a wait is told to `slowAcquire`. Milliseconds from 0. Default 2,000. */
  readonly slowAcquireMs?: number | undefined;
  /** From when on a loan is told to `leaked`, with the stack of the acquire, which costs microseconds. Default Infinity: off. */
  readonly leakAfterMs?: number | undefined;
  /** Tells `nestedAcquire` of callers who wait while they hold one already. Costs an AsyncLocalStorage. Default false. */
  readonly detectNestedAcquire?: boolean | undefined;
  /** Appears in errors and measurements. */
  readonly name?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly meter?: Meter | undefined;
  /** From 0 up to 1: spreads the backoff after failed creates, and lifetimes. Default Math.random. */
  readonly random?: (() => number) | undefined;
}

/** CoDel, as in Elixir's DBConnection: if throughout an interval even the luckiest waited longer than the target, the line stands. */
export interface SheddingOptions {
  /** What even the luckiest may wait. While the line stands whoever waited twice that is refused. From 0. Default 50. */
  readonly targetMs?: number | undefined;
  /** Milliseconds above 0. Default 2,000. */
  readonly intervalMs?: number | undefined;
}

/** How long an acquire may wait. Every `Call` fits. */
export interface AcquireOptions extends Call {
  /** Instead of the pool's `acquireTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

export interface UseOptions extends AcquireOptions {
  /** Instead of the pool's `destroyOn`. */
  readonly destroyOn?: ((error: unknown) => boolean) | undefined;
}

export interface CloseOptions {
  /** How long borrowers may keep what they hold. Milliseconds from 0; Infinity works. Default 10,000. */
  readonly graceMs?: number | undefined;
}

/** Changed by `resize` alone. */
export interface Size {
  min: number;
  max: number;
  maxIdle: number;
}

export interface SheddingSettings {
  readonly targetMs: number;
  readonly intervalMs: number;
}

/** The options, checked and complete. */
export interface PoolSettings<R> extends Factory<R> {
  readonly size: Size;
  readonly maxConnecting: number;
  readonly maxWaiting: number;
  readonly acquireTimeoutMs: number;
  readonly createTimeoutMs: number;
  readonly validateTimeoutMs: number;
  readonly resetTimeoutMs: number;
  readonly destroyTimeoutMs: number;
  readonly validateAfterMs: number;
  readonly idleTimeoutMs: number;
  readonly keepaliveMs: number;
  readonly maxLifetimeMs: number;
  readonly lifetimeJitter: number;
  readonly maxUses: number;
  readonly order: "lifo" | "fifo";
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  readonly ageingMs: number;
  readonly shedding: SheddingSettings | undefined;
  readonly destroyOn: ((error: unknown) => boolean) | undefined;
  readonly slowAcquireMs: number;
  readonly leakAfterMs: number;
  readonly detectNestedAcquire: boolean;
  readonly name: string | undefined;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly random: () => number;
}

export function readOptions<R>(options: PoolOptions<R>): PoolSettings<R> {
  const { name, clock = systemClock, meter = noopMeter, random = Math.random, order = "lifo", destroyOn } = options;
  const run = captureContext();
  checkFunction("random", random);
  if (destroyOn !== undefined) checkFunction("destroyOn", destroyOn);
  const given: unknown = order; // JavaScript callers may pass anything
  if (given !== "lifo" && given !== "fifo") throw new RangeError(`order must be "lifo" or "fifo", got ${String(given)}`);
  return {
    ...readFactory(options, run),
    ...readLimits(options),
    size: readSize(options, { min: 0, max: 10, maxIdle: Infinity }),
    order,
    destroyOn,
    detectNestedAcquire: options.detectNestedAcquire === true,
    name,
    clock: run === undefined ? clock : new ContextClock(clock, run),
    meter,
    random,
  };
}

/** @throws RangeError or TypeError; nothing has changed then. */
export function readSize(options: PoolSize, present: Size): Size {
  const max = checkNumber("max", options.max ?? present.max, { min: 1, integer: true });
  const min = checkNumber("min", options.min ?? present.min, { max: Math.min(max, Number.MAX_SAFE_INTEGER), integer: true });
  return { min, max, maxIdle: checkNumber("maxIdle", options.maxIdle ?? present.maxIdle, { min, integer: true }) };
}

/** Each function, checked, and called in the pool's own context. */
function readFactory<R>(options: Factory<R>, run: RunInContext | undefined): Factory<R> {
  checkFunction("create", options.create);
  const { create } = options;
  return {
    create: run === undefined ? create : (context) => run(() => create(context)),
    destroy: bind("destroy", options.destroy, run),
    validate: bind("validate", options.validate, run),
    reset: bind("reset", options.reset, run),
    cancel: bind("cancel", options.cancel, run),
  };
}

function bind<R, T>(name: string, work: ((resource: R) => T) | undefined, run: RunInContext | undefined): ((resource: R) => T) | undefined {
  if (work === undefined) return undefined;
  checkFunction(name, work);
  return run === undefined ? work : (resource) => run(() => work(resource));
}

function readLimits<R>(options: PoolOptions<R>) {
  const number = (name: keyof PoolOptions<R>, otherwise: number, range: { min?: number; max?: number; integer?: boolean } = {}): number =>
    checkNumber(name, options[name] ?? otherwise, range);
  const retryMinMs = number("retryMinMs", 50, { min: 1, max: Number.MAX_VALUE });
  const keepaliveMs = number("keepaliveMs", Infinity, { min: 1 });
  if (keepaliveMs < Infinity && options.validate === undefined) throw new TypeError(`keepaliveMs needs a validate to test with, got ${keepaliveMs} without`);
  return {
    maxConnecting: number("maxConnecting", 2, { min: 1, integer: true }),
    maxWaiting: number("maxWaiting", Infinity, { integer: true }),
    acquireTimeoutMs: number("acquireTimeoutMs", 30_000),
    createTimeoutMs: number("createTimeoutMs", Infinity),
    validateTimeoutMs: number("validateTimeoutMs", 5_000),
    resetTimeoutMs: number("resetTimeoutMs", 5_000),
    destroyTimeoutMs: number("destroyTimeoutMs", 5_000),
    validateAfterMs: number("validateAfterMs", 500),
    idleTimeoutMs: number("idleTimeoutMs", 30_000, { min: 1 }),
    keepaliveMs,
    maxLifetimeMs: number("maxLifetimeMs", Infinity, { min: 1 }),
    lifetimeJitter: number("lifetimeJitter", 0.05, { max: 1 }),
    maxUses: number("maxUses", Infinity, { min: 1, integer: true }),
    retryMinMs,
    retryMaxMs: number("retryMaxMs", Math.max(5_000, retryMinMs), { min: retryMinMs, max: Number.MAX_VALUE }),
    ageingMs: number("ageingMs", 1_000),
    shedding: options.shedding && readShedding(options.shedding),
    slowAcquireMs: number("slowAcquireMs", 2_000),
    leakAfterMs: number("leakAfterMs", Infinity),
  };
}

function readShedding({ targetMs = 50, intervalMs = 2_000 }: SheddingOptions): SheddingSettings {
  return {
    targetMs: checkNumber("shedding.targetMs", targetMs),
    intervalMs: checkNumber("shedding.intervalMs", intervalMs, { min: Number.MIN_VALUE, max: Number.MAX_VALUE }),
  };
}
