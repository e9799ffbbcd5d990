import type { WaitQueue, Waiter } from "@breakwater/core";

/** A queue that knows how much those who wait weigh together. */
export class Weighed<W extends Waiter & { readonly weight: number }> implements WaitQueue<W> {
  readonly #queue: WaitQueue<W>;
  weight = 0;

  constructor(queue: WaitQueue<W>) {
    this.#queue = queue;
  }

  get size(): number {
    return this.#queue.size;
  }

  push(waiter: W): void {
    this.#queue.push(waiter);
    this.weight += waiter.weight;
  }

  peek(): W | undefined {
    return this.#queue.peek();
  }

  remove(waiter: W): boolean {
    const was = this.#queue.remove(waiter);
    if (was) this.weight -= waiter.weight;
    return was;
  }
}
