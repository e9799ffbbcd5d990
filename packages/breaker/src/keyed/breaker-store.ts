import { Fifo, FifoNode } from "@breakwater/core";
import type { Breaker } from "../breaker.ts";

export interface BreakerStoreOptions {
  readonly maxKeys: number;
  readonly forgetAfterMs: number;
  readonly now: () => number;
}

class Entry<B> extends FifoNode {
  readonly key: string;
  readonly breaker: B;
  /** When it was found that it must stay. Cleared when it is used. */
  foundAt: number | undefined = undefined;

  constructor(key: string, breaker: B) {
    super();
    this.key = key;
    this.breaker = breaker;
  }
}

// Of entries that may have to stay: enough to find one that may go, if there are any to speak of, and no more work than that.
const looks = 8;

/**
 * Breakers by key, the least recently used first to go; but one goes only if that loses nothing.
 *
 * A map finds, a linked list keeps the order, both in O(1). To make room, a few are looked at from the old end; one that must
 * stay goes to the new end, so the next look meets others. Nobody's time is kept on use: that would cost each call a clock
 * reading. Instead an entry that must stay is marked with the time, and use takes the mark away; a mark that grows old tells
 * that nobody came in the meantime.
 */
export class BreakerStore<B extends Breaker<never>> {
  readonly #options: BreakerStoreOptions;
  readonly #entries = new Map<string, Entry<B>>();
  readonly #order = new Fifo<Entry<B>>();
  evictions = 0;
  overflows = 0;

  constructor(options: BreakerStoreOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many refuse now. Walks over all. */
  get open(): number {
    let open = 0;
    for (const { breaker } of this.#order) if (isRefusing(breaker)) open += 1;
    return open;
  }

  peek(key: string): B | undefined {
    return this.#entries.get(key)?.breaker;
  }

  use(key: string): B | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#renew(entry);
    entry.foundAt = undefined;
    return entry.breaker;
  }

  /** What is under the key from now on: while the breaker was made, or room for it, foreign code may have asked for the key too. */
  add(key: string, breaker: B): Added<B> {
    const evicted = this.size < this.#options.maxKeys ? undefined : this.#evict();
    const present = this.use(key);
    if (present !== undefined) return { breaker: present, isKept: true, evicted };
    if (this.size >= this.#options.maxKeys) {
      this.overflows += 1;
      return { breaker, isKept: false, evicted };
    }
    const entry = new Entry(key, breaker);
    this.#entries.set(key, entry);
    this.#order.push(entry);
    return { breaker, isKept: true, evicted };
  }

  delete(key: string): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#remove(entry);
  }

  /** As they are now: each use moves one to the end, so a walk over the list itself might never arrive there. */
  entries(): IterableIterator<readonly [string, B]> {
    return Array.from(this.#order, ({ key, breaker }) => [key, breaker] as const).values();
  }

  #evict(): string | undefined {
    const now = this.#options.now();
    for (let look = 0; look < looks; look += 1) {
      const entry = this.#order.peek();
      if (entry === undefined) return undefined;
      if (this.#mayGo(entry, now)) {
        this.#remove(entry);
        this.evictions += 1;
        return entry.key;
      }
      entry.foundAt ??= now;
      this.#renew(entry);
    }
    return undefined;
  }

  #mayGo({ breaker, foundAt }: Entry<B>, now: number): boolean {
    if (breaker.isForgettable) return true;
    if (foundAt === undefined || now - foundAt < this.#options.forgetAfterMs) return false;
    return breaker.isExpendable;
  }

  #renew(entry: Entry<B>): void {
    if (this.#order.peekNewest() === entry) return;
    if (this.#order.remove(entry)) this.#order.push(entry); // unless a trip of the user's that was asked has deleted it
  }

  #remove(entry: Entry<B>): boolean {
    return this.#order.remove(entry) && this.#entries.delete(entry.key);
  }
}

/** What came of adding. */
interface Added<B> {
  readonly breaker: B;
  readonly isKept: boolean;
  readonly evicted: string | undefined;
}

// One that only observes refuses nobody, whatever its state.
function isRefusing({ state, mode }: Breaker<never>): boolean {
  return state === "isolated" || (state === "open" && mode === "auto");
}
