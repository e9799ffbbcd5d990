/** Stops what a subscription started. Calling it twice does nothing. */
export type Unsubscribe = () => void;

type Listener = (event: never) => void;

/**
 * Typed events, for state changes and refusals.
 *
 * Three promises to the object that emits. A throwing listener cannot fail a call: its error becomes a process warning.
 * Listeners see committed state only: an event that a listener causes is queued behind the one being delivered, so all
 * listeners see all events in one order. And listeners that come or go during a delivery take effect with the next one,
 * because the list is replaced, not edited.
 */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, readonly Listener[]>();
  readonly #queue: (() => void)[] = [];

  on<Type extends keyof Events>(type: Type, listener: (event: Events[Type]) => void): Unsubscribe {
    if (typeof listener !== "function") throw new TypeError(`listener must be a function, got ${typeof listener}`);
    // A wrapper of its own: the same function registered twice is two subscriptions.
    const own: Listener = (event) => listener(event);
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), own]);
    return () => {
      const left = (this.#listeners.get(type) ?? []).filter((other) => other !== own);
      if (left.length > 0) this.#listeners.set(type, left);
      else this.#listeners.delete(type);
    };
  }

  /** Ask before building an event, so that nobody pays for one that nobody hears. */
  has(type: keyof Events): boolean {
    return this.#listeners.size > 0 && this.#listeners.has(type);
  }

  emit<Type extends keyof Events>(type: Type, event: Events[Type]): void {
    if (!this.has(type)) return;
    this.#queue.push(() => this.#deliver(type, event));
    if (this.#queue.length > 1) return; // somebody further out is delivering, and will come to it
    for (const deliver of this.#queue) deliver(); // an array's iterator sees what is pushed meanwhile
    this.#queue.length = 0;
  }

  #deliver<Type extends keyof Events>(type: Type, event: Events[Type]): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      try {
        // `on` ties each listener to its type's event; the map's value type cannot say so.
        listener(event as never);
      } catch (error) {
        warn(error);
      }
    }
  }
}

/** Reports an error that must not fail the call that ran into it: a process warning, else the console. */
export function warn(error: unknown): void {
  const warning = error instanceof Error ? error : new Error(String(error));
  if (typeof process === "object" && typeof process.emitWarning === "function") process.emitWarning(warning);
  else console.error(warning);
}
