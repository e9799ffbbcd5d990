import { checkFunction, checkNumber, Emitter, noCall, warn, widen, type Call, type Provider, type Unsubscribe } from "@breakwater/core";
import { Ask } from "./ask.ts";
import type { PoolEvents } from "./events.ts";
import type { Lease } from "./lease.ts";
import { readOptions, type AcquireOptions, type CloseOptions, type PoolOptions, type PoolSettings } from "./options.ts";
import type { PoolStats } from "./stats.ts";
import { Stock } from "./stock.ts";

/**
 * A pool of things that are dear to make and serve one borrower at a time, such as connections. Resources are made on
 * demand, up to `max`, reused last in, first out, and evicted when they lie unused. Callers are served first in, first
 * out. A new pool makes nothing until it is asked.
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
  readonly #settings: PoolSettings<R>;
  readonly #destroyOnError: ((error: unknown) => boolean) | undefined;
  readonly #emitter = new Emitter<PoolEvents<R>>();
  readonly #stock: Stock<R>;

  constructor(options: PoolOptions<R>) {
    this.#settings = readOptions(options);
    this.#destroyOnError = options.destroyOnError;
    if (this.#destroyOnError !== undefined) checkFunction("destroyOnError", this.#destroyOnError);
    this.name = this.#settings.name;
    this.#stock = new Stock(this.#settings, this.#emitter);
  }

  /**
   * Borrows a resource: an idle one, or the first that is returned or created. One deadline, the nearer of timeout and
   * `deadlineAt`, covers waiting, creating and validating. An abort leaves the line at once; a create that was begun
   * goes on for whoever comes next. Once the promise is resolved the lease is yours, whatever the signal does then.
   *
   * Rejects with the signal's own reason, with the very error of a create that failed, or as below. It never throws.
   *
   * @throws PoolTimeoutError ERR_POOL_TIMEOUT, PoolFullError ERR_POOL_FULL, PoolClosedError ERR_POOL_CLOSED.
   */
  acquire(options: AcquireOptions = noCall): Promise<Lease<R>> {
    const { signal, deadlineAt, timeoutMs } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (deadlineAt !== undefined || timeoutMs !== undefined) return this.#acquireInTime(options);
    const lease = this.#stock.take();
    return lease === undefined ? this.#wait(options, this.#settings.acquireTimeoutMs) : Promise.resolve(lease);
  }

  /**
   * Borrows an idle resource at once, or answers `undefined`: also while others wait, and when closed. A `validate` that
   * answers with a promise lets it succeed never; one that answers at once is respected.
   */
  tryAcquire(): Lease<R> | undefined {
    return this.#stock.take();
  }

  /**
   * Borrows a resource for a piece of work and returns it when that has settled, or destroys it when the work failed and
   * `destroyOnError` says so. The work's result and error pass through untouched. To cancel work that has begun is the
   * work's own affair: it gets the call with its signal.
   *
   * @throws what {@link acquire} and the work reject with.
   */
  use<T>(work: (resource: R, call: Call) => T | PromiseLike<T>, call: AcquireOptions = noCall): Promise<T> {
    return this.#bracket(call, (lease) => work(lease.resource, call));
  }

  /**
   * A layer that hands `call.lease` inward, borrowed for the time of each call. The inner part may settle the lease
   * early; otherwise it is settled as by {@link use}.
   */
  readonly layer: Provider<{ readonly lease: Lease<R> }> = (next) => (input, call) =>
    this.#bracket(call, (lease) => next(input, widen(call, { lease })));

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
   * Ends the pool. From now on acquires and waiters are refused, idle resources and returned ones are destroyed. When
   * the grace is over the rest is taken from its borrowers and destroyed: their leases are void. Resolves when the last
   * destroy has settled or run out of time, and never rejects for what a destroy does. A second close joins the first
   * and may hasten it. Creates in flight are aborted and get `destroyTimeoutMs` to end; what they bring is destroyed.
   *
   * @throws RangeError or TypeError for a wrong `graceMs`.
   */
  // 10 s: every platform that stops a service allows 30 s or so for all of it, and a borrower that has not returned by
  // then has most likely leaked. Waiting without limit is how pools keep a process from stopping.
  async close({ graceMs = 10_000 }: CloseOptions = {}): Promise<void> {
    await this.#stock.close(checkNumber("graceMs", graceMs));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get stats(): PoolStats {
    return this.#stock.stats;
  }

  /** Subscribes. The answer unsubscribes. A listener that throws becomes a process warning. */
  on<Type extends keyof PoolEvents<R>>(type: Type, listener: (event: PoolEvents<R>[Type]) => void): Unsubscribe {
    return this.#emitter.on(type, listener);
  }

  #acquireInTime(options: AcquireOptions): Promise<Lease<R>> {
    const { deadlineAt = Infinity, timeoutMs = this.#settings.acquireTimeoutMs } = options;
    try {
      checkNumber("timeoutMs", timeoutMs);
    } catch (error) {
      return Promise.reject(error);
    }
    // A passed deadline makes a lease worthless, an idle one too; a timeout of 0 only forbids to wait.
    const isLate = deadlineAt < Infinity && deadlineAt <= this.#settings.clock.now();
    const lease = isLate ? undefined : this.#stock.take();
    return lease === undefined ? this.#wait(options, timeoutMs) : Promise.resolve(lease);
  }

  #wait(options: AcquireOptions, timeoutMs: number): Promise<Lease<R>> {
    const refusal = this.#stock.refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#stock.wait(new Ask(options, timeoutMs, this.#settings.clock.now()));
  }

  #bracket<T>(call: AcquireOptions, work: (lease: Lease<R>) => T | PromiseLike<T>): Promise<T> {
    const isPlain = call.signal === undefined && call.deadlineAt === undefined && call.timeoutMs === undefined;
    const lease = isPlain ? this.#stock.take() : undefined;
    if (lease !== undefined) return this.#perform(lease, work);
    return this.acquire(call).then((later) => this.#perform(later, work));
  }

  async #perform<T>(lease: Lease<R>, work: (lease: Lease<R>) => T | PromiseLike<T>): Promise<T> {
    let result: T;
    try {
      result = await work(lease);
    } catch (error) {
      if (this.#isFatal(error)) lease.destroy();
      else lease.release();
      throw error;
    }
    lease.release();
    return result;
  }

  #isFatal(error: unknown): boolean {
    if (this.#destroyOnError === undefined) return false;
    try {
      return this.#destroyOnError(error);
    } catch (failure) {
      warn(failure); // and the resource goes: nobody could say that it is good
      return true;
    }
  }
}
