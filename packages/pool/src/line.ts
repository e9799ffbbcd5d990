import { WaitList } from "@breakwater/core";
import type { Ask } from "./ask.ts";
import { nameOf, PoolTimeoutError } from "./errors.ts";
import type { Lease } from "./lease.ts";
import type { Measures } from "./measures.ts";
import type { PoolSettings } from "./options.ts";
import type { Supply } from "./supply.ts";

/** Those who wait for a resource, oldest first, and what they are told when none comes. */
export interface LineOptions<R> {
  readonly settings: PoolSettings<R>;
  readonly supply: Supply<R>;
  readonly measures: Measures | undefined;
  /** One left by abort or timeout. */
  readonly left: () => void;
}

export class Line<R> {
  readonly #options: LineOptions<R>;
  readonly #waiters: WaitList<Lease<R>, Ask>;
  timeouts = 0;

  constructor(options: LineOptions<R>) {
    const { settings, left } = options;
    this.#options = options;
    this.#waiters = new WaitList({ clock: settings.clock, expired: (ask) => this.#timedOut(ask), left });
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** What the oldest live waiter asks for. */
  next(): Ask | undefined {
    return this.#waiters.next()?.ask;
  }

  wait(ask: Ask): Promise<Lease<R>> {
    return this.#waiters.wait(ask, ask);
  }

  /** False when nobody waits. */
  grant(lease: Lease<R>): boolean {
    return this.#waiters.next() !== undefined && this.#waiters.grant(lease);
  }

  /** Ends the oldest wait with this error. False when nobody waits. */
  refuse(error: unknown): boolean {
    // `next` sends away those that are aborted or out of time, who must not get this error.
    return this.#waiters.next() !== undefined && this.#waiters.refuse(error);
  }

  refuseAll(error: unknown): void {
    while (this.refuse(error));
  }

  #timedOut({ reason, timeoutMs }: Ask): PoolTimeoutError {
    const { settings, supply, measures } = this.#options;
    const { name, max } = settings;
    this.timeouts += 1;
    measures?.timeouts.add(1);
    const limit = reason === "deadline" ? "by the call's deadline" : `within ${timeoutMs} ms`;
    const taken = `${supply.slots.size} of ${max} taken, ${this.size} waiting`;
    return new PoolTimeoutError(`${nameOf(name)}: no resource ${limit} (${taken})`, reason, name, supply.backoff.error);
  }
}
