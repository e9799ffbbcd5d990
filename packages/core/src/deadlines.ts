import type { Clock, Timer } from "./clock.ts";

/**
 * Many deadlines on one timer.
 *
 * A timer per waiter makes the contended path three to five times dearer. Here the deadlines stand in a binary heap,
 * earliest on top, and the one timer is set for the top. Waiters with equal timeouts arrive in heap order, so adding is
 * one comparison; each item knows its place in the heap, so leaving early is O(log n) with no search and leaves
 * nothing behind. The timer lives only while something waits: it is set with the first item and cancelled with the last.
 *
 * When the top leaves early the timer stays: it fires, finds nothing due, and is set again for the new top.
 */
export interface Expiring {
  /** In the clock's milliseconds. Fixed while the item is in. */
  readonly deadlineAt: number;
  /** Place in the heap, or -1. Changes only in Deadlines. */
  heapIndex: number;
  /** Called once its time has come, when it is out of the heap. */
  expire(): void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #heap: Expiring[] = [];
  #timer: Timer | undefined = undefined;
  #firesAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(item: Expiring): void {
    this.#heap.push(item);
    this.#siftUp(item, this.#heap.length - 1);
    if (item.deadlineAt < this.#firesAt) this.#arm(item.deadlineAt);
  }

  /** Does nothing when it is not in. */
  delete(item: Expiring): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = this.#heap.pop();
    if (last !== undefined && last !== item) {
      this.#siftUp(last, index);
      this.#siftDown(last, last.heapIndex);
    }
    if (this.#heap.length === 0) this.#disarm();
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#firesAt = at;
    this.#timer = this.#clock.setTimer(this.#fire, at - this.#clock.now());
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#firesAt = Infinity;
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    this.#firesAt = Infinity;
    const now = this.#clock.now();
    for (let top = this.#heap[0]; top !== undefined && top.deadlineAt <= now; top = this.#heap[0]) {
      this.delete(top);
      top.expire();
    }
    const next = this.#heap[0];
    if (next !== undefined && next.deadlineAt < this.#firesAt) this.#arm(next.deadlineAt);
  };

  #siftUp(item: Expiring, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#at(parentIndex);
      if (parent.deadlineAt <= item.deadlineAt) break;
      this.#put(parent, index);
      index = parentIndex;
    }
    this.#put(item, index);
  }

  #siftDown(item: Expiring, from: number): void {
    const end = this.#heap.length;
    let index = from;
    for (let child = 2 * index + 1; child < end; child = 2 * index + 1) {
      if (child + 1 < end && this.#at(child + 1).deadlineAt < this.#at(child).deadlineAt) child += 1;
      const smaller = this.#at(child);
      if (item.deadlineAt <= smaller.deadlineAt) break;
      this.#put(smaller, index);
      index = child;
    }
    this.#put(item, index);
  }

  #at(index: number): Expiring {
    const item = this.#heap[index];
    if (item === undefined) throw new Error(`bug: no deadline at ${index}`);
    return item;
  }

  #put(item: Expiring, index: number): void {
    this.#heap[index] = item;
    item.heapIndex = index;
  }
}
