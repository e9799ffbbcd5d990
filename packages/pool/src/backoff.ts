import type { Clock, Timer } from "@breakwater/core";

/**
 * When the next create may start, after creates have failed. How it works, and why.
 *
 * A pool that answers a failed create with the next one spins: with a factory that rejects at once, for ever and within
 * microtasks, so that not even the timeouts of the waiters fire. One schedule for the whole pool spaces the creates
 * instead: 50 ms, doubled with every failure up to 5 s, of which a random half is taken off so that many processes do
 * not knock together. Creates that were in flight together and fail together count as one failure. Any success ends it.
 *
 * The schedule is a time to compare with. A timer exists only while somebody wants a create, and keeps the process
 * alive only while somebody awaits that: refilling to `min` is housekeeping.
 */
const firstMs = 50;
const longestMs = 5_000;

export class Backoff {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #due: () => void;
  #failures = 0;
  #error: unknown = undefined;
  #retryAt = -Infinity;
  #timer: Timer | undefined = undefined;
  #isTimerAwaited = false;

  constructor(clock: Clock, random: () => number, due: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#due = due;
  }

  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** The last create error; undefined as long as creating works. */
  get error(): unknown {
    return this.#error;
  }

  /** Until the next create may start; 0 when it may. */
  get delayMs(): number {
    return this.isFailing ? Math.max(0, this.#retryAt - this.#clock.now()) : 0;
  }

  failed(error: unknown): void {
    this.#error = error;
    if (this.delayMs > 0) return;
    const wholeMs = Math.min(longestMs, firstMs * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    this.#retryAt = this.#clock.now() + wholeMs * (1 - this.#random() / 2);
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
    if (this.#timer !== undefined && (this.#isTimerAwaited || !isAwaited)) return;
    this.stop();
    this.#timer = this.#clock.setTimer(this.#fire, this.delayMs);
    this.#isTimerAwaited = isAwaited;
    if (!isAwaited) this.#timer.unref();
  }

  /** Nobody awaits it any more. */
  relax(): void {
    this.#timer?.unref();
    this.#isTimerAwaited = false;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isTimerAwaited = false;
  }

  readonly #fire = (): void => {
    this.stop();
    this.#due();
  };
}
