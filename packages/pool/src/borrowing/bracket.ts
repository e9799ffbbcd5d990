import { ignoreAbort, listenForAbort, warn, type AbortListener, type Deadlines, type Expiring } from "@breakwater/core";
import { attempt } from "../factory/attempt.ts";
import { PoolFactoryTimeoutError } from "../errors.ts";
import type { PoolSettings } from "../options.ts";
import type { Failure } from "../report.ts";
import type { Lease, SlotLease } from "./lease.ts";

/** Does the work, and gives the resource back on every path: or up, where the error says that it is broken. */
export async function perform<R, T>(
  lease: SlotLease<R>,
  work: (lease: Lease<R>) => T | PromiseLike<T>,
  destroyOn: ((error: unknown) => boolean) | undefined,
): Promise<T> {
  let result: T;
  try {
    result = await work(lease);
  } catch (error) {
    if (isFatal(error, destroyOn)) lease.giveUp(error);
    else lease[Symbol.dispose]();
    throw error;
  }
  lease[Symbol.dispose](); // the work may have settled it
  return result;
}

/**
 * The same for a resource that can be told to stop. When the signal aborts meanwhile, `cancel` is called; the caller hears from the
 * work as soon as that ends, but the resource is not given back before `cancel` has settled: what it stops must not be the work of
 * the next borrower.
 *
 * Rejects with the signal's reason when the work failed after that: its own error says no more than that it was stopped.
 */
export async function performCancellable<R, T>(
  lease: SlotLease<R>,
  work: (lease: Lease<R>) => T | PromiseLike<T>,
  { signal, settings, deadlines, destroyOn }: CancelOptions<R>,
): Promise<T> {
  const stop = new Cancellation(lease, settings, deadlines);
  listenForAbort(signal, stop);
  let result: T;
  try {
    result = await work(lease);
  } catch (error) {
    ignoreAbort(signal, stop);
    stop.ended(isFatal(error, destroyOn) ? { error } : undefined);
    throw stop.isBegun ? signal.reason : error;
  }
  ignoreAbort(signal, stop);
  stop.ended(undefined);
  return result;
}

export interface CancelOptions<R> {
  /** Not aborted yet. */
  readonly signal: AbortSignal;
  readonly settings: PoolSettings<R>;
  readonly deadlines: Deadlines;
  readonly destroyOn: ((error: unknown) => boolean) | undefined;
}

/** One call of `cancel`, bounded in time, and the end of the work, in whichever order they come. */
class Cancellation<R> implements AbortListener, Expiring {
  readonly #lease: SlotLease<R>;
  readonly #settings: PoolSettings<R>;
  readonly #deadlines: Deadlines;
  isBegun = false;
  #isRunning = false;
  #hasEnded = false;
  #fault: Failure | undefined = undefined;
  deadlineAt: number | undefined = undefined;
  heapIndex = -1;

  constructor(lease: SlotLease<R>, settings: PoolSettings<R>, deadlines: Deadlines) {
    this.#lease = lease;
    this.#settings = settings;
    this.#deadlines = deadlines;
  }

  aborted(): void {
    // The work may have returned it early: what it does now is somebody else's.
    if (!this.#lease.isCurrent) return;
    const { cancel, clock, resetTimeoutMs } = this.#settings;
    this.isBegun = this.#isRunning = true;
    if (resetTimeoutMs < Infinity) {
      this.deadlineAt = clock.now() + resetTimeoutMs;
      this.#deadlines.add(this);
    }
    attempt(
      () => cancel?.(this.#lease.resource),
      () => this.#done(undefined),
      (error) => this.#done({ error }),
    );
  }

  expire(): void {
    const { name, resetTimeoutMs } = this.#settings;
    this.#done({ error: new PoolFactoryTimeoutError(name, "cancel", resetTimeoutMs) });
  }

  /** The work has. */
  ended(fault: Failure | undefined): void {
    this.#hasEnded = true;
    this.#fault ??= fault;
    this.#settle();
  }

  #done(fault: Failure | undefined): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#deadlines.delete(this);
    if (fault !== undefined) this.#fault = fault;
    this.#settle();
  }

  #settle(): void {
    if (!this.#hasEnded || this.#isRunning) return;
    if (this.#fault === undefined) this.#lease[Symbol.dispose]();
    else this.#lease.giveUp(this.#fault.error);
  }
}

function isFatal(error: unknown, destroyOn: ((error: unknown) => boolean) | undefined): boolean {
  if (destroyOn === undefined) return false;
  try {
    return destroyOn(error);
  } catch (failure) {
    warn(failure); // and the resource goes: nobody could say that it is good
    return true;
  }
}
