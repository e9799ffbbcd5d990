import { warn } from "./emitter.ts";

/**
 * One listener per AbortSignal, however many wait on it.
 *
 * Adding and removing listeners is linear in their number on the platform's side, so 40,000 waiters that share one
 * request's or one shutdown's signal cost seconds, and past ten of them Node warns of a leak. Here the first waiter
 * adds the one listener, the rest join a Set, and the last one to leave removes it.
 *
 * Most signals have one waiter at a time, a short-lived one: it stands in a field, the Set is made for the second, and the hub is
 * the platform's listener itself rather than a function of its own. That takes a fifth to a third less time than making all three
 * each time; half of what is left is the platform's. Rejected: a hub that stays with its signal for the next waiter. Entries of a
 * WeakMap that live until their signal is collected cost more than making hubs does.
 */
export interface AbortListener {
  /** Called once, with the signal's own reason, and no longer subscribed by then. What it throws becomes a process warning. */
  aborted(reason: unknown): void;
}

class AbortHub {
  readonly #signal: AbortSignal;
  #first: AbortListener | undefined;
  #others: Set<AbortListener> | undefined = undefined;

  constructor(signal: AbortSignal, first: AbortListener) {
    this.#signal = signal;
    this.#first = first;
    signal.addEventListener("abort", this);
  }

  /** Behind those that are there: the first one's place stays empty when it has left. */
  add(listener: AbortListener): void {
    if (listener !== this.#first) (this.#others ??= new Set()).add(listener);
  }

  delete(listener: AbortListener): void {
    if (listener === this.#first) this.#first = undefined;
    else if (this.#others?.delete(listener) !== true) return;
    if (this.#first === undefined && (this.#others === undefined || this.#others.size === 0)) this.#close();
  }

  /** Called by the platform. */
  handleEvent(): void {
    if (this.#first !== undefined) this.#tell(this.#first);
    // Deleting while walking is defined for a Set: a listener that leaves during the walk is not called.
    for (const listener of this.#others ?? []) this.#tell(listener);
  }

  // One that throws must not keep the others from hearing of it.
  #tell(listener: AbortListener): void {
    this.delete(listener);
    try {
      listener.aborted(this.#signal.reason);
    } catch (error) {
      warn(error);
    }
  }

  #close(): void {
    this.#signal.removeEventListener("abort", this);
    hubs.delete(this.#signal);
  }
}

const hubs = new WeakMap<AbortSignal, AbortHub>();

/** From now until {@link ignoreAbort}, the listener hears of the abort. The signal must not be aborted yet. */
export function listenForAbort(signal: AbortSignal, listener: AbortListener): void {
  const hub = hubs.get(signal);
  if (hub === undefined) hubs.set(signal, new AbortHub(signal, listener));
  else hub.add(listener);
}

/** Does nothing when it was not listening. */
export function ignoreAbort(signal: AbortSignal, listener: AbortListener): void {
  hubs.get(signal)?.delete(listener);
}
