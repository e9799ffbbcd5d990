import { Deadlines, ignoreAbort, listenForAbort, type AbortListener, type Clock, type Expiring } from "@breakwater/core";

/**
 * Waits that nothing but their time and the caller's abort can end, all on one timer.
 *
 * The work is not begun where the time is found to be over, but by whoever awaits the promise: the timer belongs to another
 * call, and so would the async context (`AsyncLocalStorage`) in which the work began.
 */
export class Delays {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock);
  }

  /** Resolves after so many ms, never when that is Infinity; rejects with the signal's reason, at once where it is aborted already. */
  wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const delay = new Delay(this.#clock.now() + delayMs, signal, this.#deadlines, resolve, reject);
      this.#deadlines.add(delay);
      if (signal !== undefined) listenForAbort(signal, delay);
    });
  }
}

class Delay implements Expiring, AbortListener {
  heapIndex = -1;
  readonly deadlineAt: number;
  readonly #signal: AbortSignal | undefined;
  readonly #deadlines: Deadlines;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    deadlineAt: number,
    signal: AbortSignal | undefined,
    deadlines: Deadlines,
    resolve: () => void,
    reject: (reason: unknown) => void,
  ) {
    this.deadlineAt = deadlineAt;
    this.#signal = signal;
    this.#deadlines = deadlines;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  expire(): void {
    if (this.#signal !== undefined) ignoreAbort(this.#signal, this);
    this.#resolve();
  }

  aborted(reason: unknown): void {
    this.#deadlines.delete(this);
    this.#reject(reason);
  }
}
