import { Fifo, type WaitQueue } from "@breakwater/core";
import type { PoolWaiter } from "./waiter.ts";

/**
 * Whose turn it is: first come, first served, and the more important first, but nobody waits for ever.
 *
 * Waiting makes important: every `ageingMs` lifts a waiter by one level. As all age alike the order between two of them never
 * changes, so `priority x ageingMs + askedAt` is all there is to compare, and within a level it is the order of arrival. There are few
 * levels, each a line of its own, so the first of all is the first of their heads; with one level that is one look.
 */
export class Turns<R> implements WaitQueue<PoolWaiter<R>> {
  readonly #ageingMs: number;
  /** Where everybody stands who did not ask for anything else. */
  readonly #plain = new Fifo<PoolWaiter<R>>();
  readonly #others = new Map<number, Fifo<PoolWaiter<R>>>();
  #size = 0;

  constructor(ageingMs: number) {
    this.#ageingMs = ageingMs;
  }

  get size(): number {
    return this.#size;
  }

  /** Those who did not ask for anything else, oldest first. The one just yielded may leave during the walk. */
  plain(): Iterable<PoolWaiter<R>> {
    return this.#plain;
  }

  push(waiter: PoolWaiter<R>): void {
    this.#levelOf(waiter.priority).push(waiter);
    this.#size += 1;
  }

  peek(): PoolWaiter<R> | undefined {
    let first = this.#plain.peek();
    if (this.#others.size === 0) return first;
    for (const level of this.#others.values()) {
      const head = level.peek();
      if (head !== undefined && (first === undefined || this.#comesFirst(head, first))) first = head;
    }
    return first;
  }

  remove(waiter: PoolWaiter<R>): boolean {
    const { priority } = waiter;
    const level = priority === 0 ? this.#plain : this.#others.get(priority);
    if (level?.remove(waiter) !== true) return false;
    this.#size -= 1;
    if (level !== this.#plain && level.size === 0) this.#others.delete(priority);
    return true;
  }

  #levelOf(priority: number): Fifo<PoolWaiter<R>> {
    if (priority === 0) return this.#plain;
    let level = this.#others.get(priority);
    if (level === undefined) this.#others.set(priority, (level = new Fifo<PoolWaiter<R>>()));
    return level;
  }

  #comesFirst(one: PoolWaiter<R>, other: PoolWaiter<R>): boolean {
    // Strict priority, without an Infinity that would make all ranks equal.
    if (this.#ageingMs === Infinity) return one.priority < other.priority;
    return one.priority * this.#ageingMs + one.askedAt < other.priority * this.#ageingMs + other.askedAt;
  }
}
