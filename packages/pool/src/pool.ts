import { Emitter, checkNumber, describeLayer, noCall, widen, type Call, type Provider, type Unsubscribe } from "@breakwater/core";
import { perform, performCancellable } from "./borrowing/bracket.ts";
import { SlotLease, type Lease } from "./borrowing/lease.ts";
import { ForeignLeaseError } from "./errors.ts";
import type { CloseReport, PoolEvents } from "./events.ts";
import { healthOf, type PoolHealth } from "./health.ts";
import type { Places } from "./keyed/places.ts";
import { readOptions, type AcquireOptions, type CloseOptions, type PoolOptions, type PoolSize, type UseOptions } from "./options.ts";
import type { PoolStats } from "./stats.ts";
import { Stock } from "./stock/stock.ts";

/**
 * A pool of things that are dear to make and serve one borrower at a time, such as connections. Resources are made on
 * demand, up to `max`, few at a time, reused last in, first out, and evicted when they lie unused. Callers are served first in,
 * first out. A new pool makes nothing until it is asked. While creating fails and nothing is left, callers are refused at once.
 *
 * Prefer `use`, which returns the resource on every path; `acquire` where the loan has no such bracket; `tryAcquire`
 * where there is something better to do than to wait.
 *
 * Borrowing a second resource while holding a first can deadlock a pool in which every borrower does so.
 *
 * @throws TypeError or RangeError, from the constructor, naming the option and its value.
 */
export class Pool<R> {
  readonly name: string | undefined;
  readonly #emitter = new Emitter<PoolEvents<R>>();
  readonly #stock: Stock<R>;
  #isClosed = false;

  /** @param places - internal: shared with other pools */
  constructor(options: PoolOptions<R>, places?: Places) {
    const settings = readOptions(options);
    this.name = settings.name;
    this.#stock = new Stock(settings, this.#emitter, places);
    places?.attach(this.#stock);
  }

  /**
   * Borrows a resource: an idle one, or the first that is returned or created. One deadline, the nearer of timeout and
   * `deadlineAt`, covers waiting, creating and validating. An abort leaves the line at once; a create that was begun
   * goes on for whoever comes next. Once the promise is resolved the lease is yours, whatever the signal does then.
   *
   * Rejects with the signal's own reason; with the very error of a create that failed, when it was tried for this caller and nothing
   * else is left; or as below. It never throws.
   *
   * @throws PoolTimeoutError ERR_POOL_TIMEOUT, PoolUnavailableError ERR_POOL_UNAVAILABLE, PoolFullError ERR_POOL_FULL,
   * PoolOverloadedError ERR_POOL_OVERLOADED, PoolClosedError ERR_POOL_CLOSED.
   */
  acquire(options: AcquireOptions = noCall): Promise<Lease<R>> {
    return this.#acquire(options);
  }

  /**
   * Borrows an idle resource at once, or answers `undefined`: also while others wait, and when closed. Where `validate` has to be
   * asked and answers with a promise it answers `undefined`, too.
   */
  tryAcquire(): Lease<R> | undefined {
    return this.#stock.take();
  }

  /**
   * Borrows a resource for a piece of work and returns it when that has settled, or destroys it when the work failed and
   * `destroyOn` says so. The work's result and error pass through untouched. To cancel work that has begun is the
   * work's own affair: it gets the call with its signal. With a `cancel` in the factory it is the pool's: when the signal aborts, the
   * resource is told to stop, and what fails then rejects with the signal's reason.
   *
   * @throws what {@link acquire} and the work reject with.
   */
  use<T>(work: (resource: R, call: Call) => T | PromiseLike<T>, call: UseOptions = noCall): Promise<T> {
    return this.#bracket(call, (lease) => work(lease.resource, call), call.destroyOn);
  }

  /**
   * A layer that hands `call.lease` inward, borrowed for the time of each call. The inner part may settle the lease
   * early; otherwise it is settled as by {@link use}.
   */
  get layer(): Provider<{ readonly lease: Lease<R> }> {
    const layer: Provider<{ readonly lease: Lease<R> }> = (next) => (input, call) =>
      this.#bracket(call, (lease) => next(input, widen(call, { lease })));
    return describeLayer(layer, { kind: "pool", name: this.name });
  }

  /**
   * Returns a lease, and makes sure that it is one of this pool's: for programs in which leases of several pools are handed about.
   *
   * @throws ForeignLeaseError ERR_POOL_FOREIGN_LEASE naming the pool that it is from; LeaseSettledError ERR_POOL_LEASE_SETTLED.
   */
  release(lease: Lease<R>): void {
    const keeper = SlotLease.keeperOf(lease);
    if (keeper !== this.#stock) throw new ForeignLeaseError(this.name, keeper);
    lease.release();
  }

  /**
   * Makes the `min` resources and, from now on, keeps that many. Resolves when they are there, borrowed or not. Rejects
   * with the error of a create that fails; the pool goes on trying in the background, with backoff.
   *
   * @throws PoolClosedError ERR_POOL_CLOSED.
   */
  start(): Promise<void> {
    return this.#stock.start();
  }

  /**
   * Changes how many there may be; what is left out stays. What is idle beyond it goes at once, what is out when it comes back.
   *
   * @throws TypeError or RangeError naming the option and the value; nothing has changed then.
   */
  resize(size: PoolSize): void {
    this.#stock.resize(size);
  }

  /**
   * Renews the pool without closing it: no resource that is there now is lent again. Idle ones are destroyed at once, those that are
   * out when they come back, those being created when they arrive. Waiters go on waiting, for new ones.
   */
  clear(): void {
    this.#stock.clear();
  }

  /**
   * Ends the pool. From now on acquires and waiters are refused, idle resources and returned ones are destroyed. When
   * the grace is over the rest is taken from its borrowers and destroyed: their leases are void. Resolves when the last
   * destroy has settled or run out of time, with what had to be forced, and never rejects for what a destroy does. A second close
   * joins the first and may hasten it. Creates in flight are aborted and get `destroyTimeoutMs` to end; what they bring is destroyed.
   *
   * @throws RangeError or TypeError for a wrong `graceMs`.
   */
  // 10 s: every platform that stops a service allows 30 s or so for all of it, and a borrower that has not returned by
  // then has most likely leaked. Waiting without limit is how pools keep a process from stopping.
  async close({ graceMs = 10_000 }: CloseOptions = {}): Promise<CloseReport> {
    checkNumber("graceMs", graceMs);
    this.#isClosed = true;
    return this.#stock.close(graceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get stats(): PoolStats {
    return this.#stock.stats;
  }

  /** What this pool contributes to the health of what uses it: plain data. */
  get health(): PoolHealth {
    return healthOf(this.stats, this.#stock.settings.size.max, this.#isClosed, this.name);
  }

  /** Subscribes. The answer unsubscribes. A listener that throws becomes a process warning. */
  on<Type extends keyof PoolEvents<R>>(type: Type, listener: (event: PoolEvents<R>[Type]) => void): Unsubscribe {
    return this.#emitter.on(type, listener);
  }

  #acquire(options: AcquireOptions): Promise<SlotLease<R>> {
    const { signal, deadlineAt, priority, timeoutMs } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (deadlineAt !== undefined || timeoutMs !== undefined || priority !== undefined) return this.#acquireAsAsked(options);
    const lease = this.#stock.take();
    return lease === undefined ? this.#wait(options) : Promise.resolve(lease);
  }

  #acquireAsAsked(options: AcquireOptions): Promise<SlotLease<R>> {
    const { deadlineAt = Infinity, priority = 0, timeoutMs = 0 } = options;
    try {
      checkNumber("timeoutMs", timeoutMs);
      checkNumber("deadlineAt", deadlineAt, { min: -Infinity });
      checkNumber("priority", priority, { min: -Infinity });
    } catch (error) {
      return Promise.reject(error);
    }
    // A passed deadline makes a lease worthless, an idle one too; a timeout of 0 only forbids to wait.
    const isLate = deadlineAt < Infinity && deadlineAt <= this.#stock.settings.clock.now();
    const lease = isLate ? undefined : this.#stock.take();
    return lease === undefined ? this.#wait(options) : Promise.resolve(lease);
  }

  #wait(options: AcquireOptions): Promise<SlotLease<R>> {
    const refusal = this.#stock.refusal();
    return refusal === undefined ? this.#stock.wait(options) : Promise.reject(refusal);
  }

  #bracket<T>(call: AcquireOptions, work: (lease: Lease<R>) => T | PromiseLike<T>, destroyOn = this.#stock.settings.destroyOn): Promise<T> {
    const given: unknown = destroyOn; // JavaScript callers may pass anything
    if (given !== undefined && typeof given !== "function") return Promise.reject(new TypeError(`destroyOn must be a function, got ${typeof given}`));
    const { deadlineAt, priority, signal, timeoutMs } = call;
    const isPlain = signal === undefined && deadlineAt === undefined && timeoutMs === undefined && priority === undefined;
    const lease = isPlain ? this.#stock.take() : undefined;
    if (lease !== undefined) return this.#perform(lease, work, call, destroyOn);
    return this.#acquire(call).then((later) => this.#perform(later, work, call, destroyOn));
  }

  #perform<T>(
    lease: SlotLease<R>,
    work: (lease: Lease<R>) => T | PromiseLike<T>,
    { signal }: AcquireOptions,
    destroyOn: ((error: unknown) => boolean) | undefined,
  ): Promise<T> {
    // The caller has gone between the hand-over and now: there is nobody to work for.
    if (signal?.aborted === true) {
      lease[Symbol.dispose]();
      return Promise.reject(signal.reason);
    }
    const { deadlines, nesting, settings } = this.#stock;
    const inContext: typeof work = nesting === undefined ? work : (held) => nesting.hold(() => work(held));
    if (signal === undefined || settings.cancel === undefined) return perform(lease, inContext, destroyOn);
    return performCancellable(lease, inContext, { signal, settings, deadlines, destroyOn });
  }
}
