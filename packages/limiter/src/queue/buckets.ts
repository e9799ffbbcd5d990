import { Fifo, Heap, type HeapItem} from "@breakwater/core";
import type { Ask } from "../ask.ts";

/** Those who wait under one key, first come, first served among themselves. */
export class Bucket<Key> extends Fifo<Ask> implements HeapItem {
  readonly key: Key;
  heapIndex = -1;
  /** Smaller is served first. Changes only together with Buckets.ranked. */
  rank = 0;
  /** How much it gets, compared with others; 0 until somebody has set it. */
  share = 0;
  /** Breaks ties. */
  readonly order: number;

  constructor(key: Key, order: number) {
    super();
    this.key = key;
    this.order = order;
  }
}

/**
 * A queue of queues: one first-in-first-out line per key, and a heap that says which line is served next.
 *
 * Joining a line that exists, and leaving from its middle, touch no other: O(1). Only a change of a line's head moves it
 * among the lines, in O(log lines). A line exists while somebody stands in it.
 */
export class Buckets<Key> {
  readonly #buckets = new Map<Key, Bucket<Key>>();
  readonly #heap = new Heap<Bucket<Key>>(comesFirst);
  readonly #bucketOf: (ask: Ask) => Key;
  /** Ranks a line by its head. Called whenever it has another. */
  readonly #rank: (bucket: Bucket<Key>, head: Ask) => number;
  #size = 0;
  #made = 0;

  constructor(keyOf: (ask: Ask) => Key, rank: (bucket: Bucket<Key>, head: Ask) => number) {
    this.#bucketOf = keyOf;
    this.#rank = rank;
  }

  get size(): number {
    return this.#size;
  }

  push(waiting: Ask): void {
    const key = this.#bucketOf(waiting);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new Bucket(key, (this.#made += 1));
      bucket.rank = this.#rank(bucket, waiting);
      this.#buckets.set(key, bucket);
      this.#heap.push(bucket);
    }
    bucket.push(waiting);
    this.#size += 1;
  }

  peek(): Ask | undefined {
    return this.#heap.peek()?.peek();
  }

  /** The line that is served next. */
  first(): Bucket<Key> | undefined {
    return this.#heap.peek();
  }

  /** False when it does not wait here. */
  remove(waiting: Ask): boolean {
    const bucket = this.#buckets.get(this.#bucketOf(waiting));
    const wasHead = bucket?.peek() === waiting;
    if (bucket?.remove(waiting) !== true) return false;
    this.#size -= 1;
    if (bucket.size === 0) this.#close(bucket);
    else if (wasHead) this.#rerank(bucket);
    return true;
  }

  get(key: Key): Bucket<Key> | undefined {
    return this.#buckets.get(key);
  }

  /** All lines, in no particular order. */
  [Symbol.iterator](): Iterator<Bucket<Key>> {
    return this.#heap[Symbol.iterator]();
  }

  #rerank(bucket: Bucket<Key>): void {
    const head = bucket.peek();
    if (head === undefined) return;
    bucket.rank = this.#rank(bucket, head);
    this.#heap.update(bucket);
  }

  #close(bucket: Bucket<Key>): void {
    this.#buckets.delete(bucket.key);
    this.#heap.remove(bucket);
  }
}

function comesFirst<Key>(one: Bucket<Key>, other: Bucket<Key>): boolean {
  return one.rank < other.rank || (one.rank === other.rank && one.order < other.order);
}
