import type { Clock, Deadlines, Expiring } from "@breakwater/core";
import type { Outage } from "../errors.ts";

/**
 * When the next create may start, after creates have failed. How it works, and why.
 *
 * A pool that answers a failed create with the next one spins: with a factory that rejects at once, for ever and within
 * microtasks, so that not even the timeouts of the waiters fire. One schedule for the whole pool spaces the creates
 * instead: 50 ms, doubled with every failure up to 5 s, of which a random half is taken off so that many processes do
 * not knock together. Creates that were in flight together and fail together count as one failure. Any success ends it.
 *
 * The schedule is a time to compare with. A deadline is set only while somebody wants a create, and keeps the process
 * alive only while somebody awaits that: refilling to `min` is housekeeping.
 */
export interface BackoffOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  readonly deadlines: Deadlines;
  readonly due: () => void;
}

export class Backoff implements Expiring, Outage {
  readonly #options: BackoffOptions;
  #failures = 0;
  #error: unknown = undefined;
  #retryAt = -Infinity;
  isHousekeeping = true;
  deadlineAt: number | undefined = undefined;
  heapIndex = -1;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** How many times in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** The last create error; undefined as long as creating works. */
  get error(): unknown {
    return this.#error;
  }

  /** Until the next create may start; 0 when it may. */
  get delayMs(): number {
    return this.isFailing ? Math.max(0, this.#retryAt - this.#options.clock.now()) : 0;
  }

  failed(error: unknown): void {
    const { clock, random, retryMinMs, retryMaxMs } = this.#options;
    this.#error = error;
    if (this.delayMs > 0) return;
    // An exponent without bound makes Infinity, which the cap takes.
    const wholeMs = Math.min(retryMaxMs, retryMinMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#retryAt = clock.now() + wholeMs * (1 - random() / 2);
  }

  succeeded(): void {
    if (!this.isFailing) return;
    this.#failures = 0;
    this.#error = undefined;
    this.#retryAt = -Infinity;
    this.stop();
  }

  /** Calls back when the next create may start. */
  wake(isAwaited: boolean): void {
    if (this.deadlineAt !== undefined && (!this.isHousekeeping || !isAwaited)) return;
    this.stop();
    this.isHousekeeping = !isAwaited;
    this.deadlineAt = this.#options.clock.now() + this.delayMs;
    this.#options.deadlines.add(this);
  }

  /** Nobody awaits it any more. */
  relax(): void {
    if (this.deadlineAt === undefined || this.isHousekeeping) return;
    this.#options.deadlines.delete(this);
    this.isHousekeeping = true;
    this.#options.deadlines.add(this);
  }

  stop(): void {
    this.#options.deadlines.delete(this);
    this.deadlineAt = undefined;
  }

  expire(): void {
    this.deadlineAt = undefined;
    this.#options.due();
  }
}
