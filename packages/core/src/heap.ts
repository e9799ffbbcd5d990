/** What stands in a heap knows its place there, so that it can leave from the middle without a search. */
export interface HeapItem {
  /** Place in the heap, or -1. Changes only in Heap. */
  heapIndex: number;
}

/**
 * A binary heap from which anything can leave in O(log n): the first of many, where "first" is the caller's to say.
 * An item's rank must not change while it is in, unless {@link Heap.update} is told.
 */
export class Heap<Item extends HeapItem> {
  readonly #comesFirst: (one: Item, other: Item) => boolean;
  readonly #items: Item[] = [];

  constructor(comesFirst: (one: Item, other: Item) => boolean) {
    this.#comesFirst = comesFirst;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The first, left in its place. */
  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** False when it is not in. */
  remove(item: Item): boolean {
    const index = item.heapIndex;
    if (index < 0) return false;
    item.heapIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return true;
    this.#rise(last, index);
    this.#sink(last, last.heapIndex);
    return true;
  }

  /** Its rank has changed. */
  update(item: Item): void {
    this.#rise(item, item.heapIndex);
    this.#sink(item, item.heapIndex);
  }

  /** In no particular order. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#items[Symbol.iterator]();
  }

  #rise(item: Item, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#at(parentIndex);
      if (!this.#comesFirst(item, parent)) break;
      this.#put(parent, index);
      index = parentIndex;
    }
    this.#put(item, index);
  }

  #sink(item: Item, from: number): void {
    const end = this.#items.length;
    let index = from;
    for (let child = 2 * index + 1; child < end; child = 2 * index + 1) {
      if (child + 1 < end && this.#comesFirst(this.#at(child + 1), this.#at(child))) child += 1;
      const first = this.#at(child);
      if (!this.#comesFirst(first, item)) break;
      this.#put(first, index);
      index = child;
    }
    this.#put(item, index);
  }

  #at(index: number): Item {
    const item = this.#items[index];
    if (item === undefined) throw new Error(`bug: nothing at ${index}`);
    return item;
  }

  #put(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
