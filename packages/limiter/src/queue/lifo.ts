import { Fifo} from "@breakwater/core";
import type { Ask } from "../ask.ts";
import type { QueueDiscipline, QueuePolicy } from "./discipline.ts";

class LastInFirstOut implements QueueDiscipline {
  readonly reorders = true;
  readonly judgesByTime = false;
  readonly #queue = new Fifo<Ask>();

  get size(): number {
    return this.#queue.size;
  }

  push(waiting: Ask): void {
    this.#queue.push(waiting);
  }

  peek(): Ask | undefined {
    return this.#queue.peekNewest();
  }

  remove(waiting: Ask): boolean {
    return this.#queue.remove(waiting);
  }

  victim(): Ask | undefined {
    return this.#queue.peek();
  }
}

/**
 * Last come, first served: in an overload the newest are served in time, and the oldest wait for quiet. Give it a
 * `queueTimeoutMs`, or those who are buried wait on. Evicts the oldest.
 */
export function lifo(): QueuePolicy {
  return () => new LastInFirstOut();
}
