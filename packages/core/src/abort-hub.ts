/**
 * One listener per AbortSignal, however many wait on it.
 *
 * Adding and removing listeners is linear in their number on the platform's side, so 40,000 waiters that share one
 * request's or one shutdown's signal cost seconds, and past ten of them Node warns of a leak. Here the first waiter
 * adds the one listener, the rest join a Set, and the last one to leave removes it.
 */
export interface AbortListener {
  /** Called once, with the signal's own reason, and no longer subscribed by then. */
  aborted(reason: unknown): void;
}

class AbortHub {
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<AbortListener>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort, { once: true });
  }

  add(listener: AbortListener): void {
    this.#listeners.add(listener);
  }

  delete(listener: AbortListener): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#close();
  }

  // Deleting while walking is defined for a Set: a listener that leaves during the walk is not called.
  readonly #abort = (): void => {
    for (const listener of this.#listeners) {
      this.delete(listener);
      listener.aborted(this.#signal.reason);
    }
  };

  #close(): void {
    this.#signal.removeEventListener("abort", this.#abort);
    hubs.delete(this.#signal);
  }
}

const hubs = new WeakMap<AbortSignal, AbortHub>();

/** From now until {@link ignoreAbort}, the listener hears of the abort. The signal must not be aborted yet. */
export function listenForAbort(signal: AbortSignal, listener: AbortListener): void {
  let hub = hubs.get(signal);
  if (hub === undefined) hubs.set(signal, (hub = new AbortHub(signal)));
  hub.add(listener);
}

/** Does nothing when it was not listening. */
export function ignoreAbort(signal: AbortSignal, listener: AbortListener): void {
  hubs.get(signal)?.delete(listener);
}
