import { Fifo } from "@breakwater/core";
import { Message, PendingRequest } from "./message.ts";
import { SocketRejectedError } from "./socket-errors.ts";

export type Waiting = Message | PendingRequest;

/** What waits to be sent, in order, and no more than may. */
export class Outbox {
  readonly #limit: number;
  readonly #dropsOldest: boolean;
  readonly #name: string | undefined;
  readonly #queue = new Fifo<Waiting>();
  readonly #dropped: (waiting: Waiting) => void;

  constructor(
    { queueLimit, dropsOldest, name }: { readonly queueLimit: number; readonly dropsOldest: boolean; readonly name: string | undefined },
    dropped: (waiting: Waiting) => void,
  ) {
    this.#limit = queueLimit;
    this.#dropsOldest = dropsOldest;
    this.#name = name;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#queue.size;
  }

  /** @throws SocketRejectedError when there is no room, and nothing makes any. */
  push(waiting: Waiting): void {
    if (this.#queue.size >= this.#limit) {
      const oldest = this.#dropsOldest ? this.#queue.shift() : undefined;
      if (oldest === undefined) throw new SocketRejectedError("queue-full", this.#name);
      this.#queue.push(waiting);
      this.#dropped(oldest);
    } else {
      this.#queue.push(waiting);
    }
  }

  /** Back to the front, in this order, whatever the limit: they were let in once. */
  putBack(requests: readonly PendingRequest[]): void {
    if (requests.length === 0) return;
    const rest = [...this.#queue];
    for (const waiting of rest) this.#queue.remove(waiting);
    for (const waiting of [...requests, ...rest]) this.#queue.push(waiting);
  }

  peek(): Waiting | undefined {
    return this.#queue.peek();
  }

  shift(): Waiting | undefined {
    return this.#queue.shift();
  }

  remove(waiting: Waiting): void {
    this.#queue.remove(waiting);
  }
}
