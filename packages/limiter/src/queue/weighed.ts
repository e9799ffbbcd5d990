import type { WaitQueue } from "@breakwater/core";
import type { Ask } from "../ask.ts";

/** A queue that knows how much those who wait weigh together. */
export class Weighed implements WaitQueue<Ask> {
  readonly #queue: WaitQueue<Ask>;
  weight = 0;

  constructor(queue: WaitQueue<Ask>) {
    this.#queue = queue;
  }

  get size(): number {
    return this.#queue.size;
  }

  push(waiting: Ask): void {
    this.#queue.push(waiting);
    this.weight += waiting.weight;
  }

  peek(): Ask | undefined {
    return this.#queue.peek();
  }

  remove(waiting: Ask): boolean {
    const was = this.#queue.remove(waiting);
    if (was) this.weight -= waiting.weight;
    return was;
  }
}
