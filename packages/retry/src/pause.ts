import { ignoreAbort, listenForAbort, type AbortListener, type Deadlines, type Expiring } from "@breakwater/core";

/**
 * The wait between two attempts: over at its time, or as soon as the signal aborts, and leaves neither a timer nor a listener behind.
 *
 * All pauses of one retry stand on one timer. What it does is to resolve a promise, no more: whoever awaits it goes on in the context
 * (AsyncLocalStorage) of its own call, where code run by the shared timer would be in that of some other call.
 */
class Pause implements Expiring, AbortListener {
  heapIndex = -1;
  readonly deadlineAt: number;
  readonly #deadlines: Deadlines;
  readonly #signal: AbortSignal | undefined;
  readonly #resolve: () => void;

  constructor(endsAt: number, deadlines: Deadlines, signal: AbortSignal | undefined, resolve: () => void) {
    this.deadlineAt = endsAt;
    this.#deadlines = deadlines;
    this.#signal = signal;
    this.#resolve = resolve;
    deadlines.add(this);
    if (signal !== undefined) listenForAbort(signal, this);
  }

  expire(): void {
    if (this.#signal !== undefined) ignoreAbort(this.#signal, this);
    this.#resolve();
  }

  aborted(): void {
    this.#deadlines.delete(this);
    this.#resolve();
  }
}

/** Resolves at that time, in the clock's ms, or when the signal aborts, or has: ask it which. */
export function pause(endsAt: number, deadlines: Deadlines, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => new Pause(endsAt, deadlines, signal, resolve));
}
