import type { WaitQueue, Waiting } from "@breakwater/core";
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

  push(waiting: Waiting<Ask>): void {
    this.#queue.push(waiting);
    this.weight += waiting.ask.weight;
  }

  peek(): Waiting<Ask> | undefined {
    return this.#queue.peek();
  }

  remove(waiting: Waiting<Ask>): boolean {
    const was = this.#queue.remove(waiting);
    if (was) this.weight -= waiting.ask.weight;
    return was;
  }
}
