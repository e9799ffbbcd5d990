import { warn } from "@breakwater/core";
import { LRUCache } from "lru-cache";
import type { Entry } from "./entry.ts";
import type { Settings } from "./options.ts";

/**
 * The entries, bounded in number and in bytes: the one that was not asked for the longest goes first. Keys are compared as a Map
 * compares them. lru-cache keeps the order; its own times to live are not used, because they take its own clock and timers.
 */
export class Store<K, V> {
  readonly #entries: LRUCache<NonNullable<K>, Entry<V>>;
  readonly #sizeOf: Settings<K, V>["sizeOf"];
  readonly #maxBytes: number;
  readonly #evicted: (key: K, reason: "full" | "too-large") => void;
  #isPopping = false;

  /** @param evicted - called when the store is consistent again, so it may call back in */
  constructor({ maxEntries, maxBytes, sizeOf }: Settings<K, V>, evicted: (key: K, reason: "full" | "too-large") => void) {
    this.#sizeOf = sizeOf;
    this.#maxBytes = maxBytes;
    this.#evicted = evicted;
    this.#entries = new LRUCache({
      max: maxEntries,
      ...(sizeOf === undefined ? {} : { maxSize: maxBytes }),
      disposeAfter: (_, key, reason) => {
        if (reason === "evict" && !this.#isPopping) evicted(key, "full");
      },
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  /** 0 where nobody says how large a value is. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** Is asked for, so it stays longer. */
  get(key: K): Entry<V> | undefined {
    return this.#entries.get(asKey(key));
  }

  peek(key: K): Entry<V> | undefined {
    return this.#entries.peek(asKey(key));
  }

  put(key: K, entry: Entry<V>): void {
    if (this.#sizeOf === undefined) {
      this.#entries.set(asKey(key), entry);
      return;
    }
    const size = entry.isError ? 1 : this.#measure(this.#sizeOf, entry.value, key);
    if (size <= this.#maxBytes) {
      this.#entries.set(asKey(key), entry, { size });
    } else {
      this.delete(key); // what was there before is older than this
      this.#evicted(key, "too-large");
    }
  }

  /** The last one is popped: lru-cache would clear all its places, which takes time by the number of them. */
  delete(key: K): boolean {
    if (this.#entries.size !== 1 || !this.#entries.has(asKey(key))) return this.#entries.delete(asKey(key));
    this.#isPopping = true;
    this.#entries.pop();
    this.#isPopping = false;
    return true;
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Infinity if nobody can say: then it is not kept, for the bound is worth more than the entry. */
  #measure(sizeOf: (value: V, key: K) => number, value: V, key: K): number {
    try {
      const size = sizeOf(value, key);
      if (size >= 0) return Math.max(1, Math.ceil(size));
      warn(new RangeError(`sizeOf must answer a number from 0, got ${size}`));
    } catch (error) {
      warn(error);
    }
    return Infinity;
  }
}

/** Underneath is a Map, which takes any key; the types of lru-cache leave out undefined and null. */
function asKey<K>(key: K): NonNullable<K> {
  return key as NonNullable<K>;
}
