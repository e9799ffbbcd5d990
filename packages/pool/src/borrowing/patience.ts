import type { Clock, Deadlines, Expiring } from "@breakwater/core";
import type { PoolWaiter } from "./waiter.ts";

/**
 * The limit of all waits that have the pool's own timeout.
 *
 * They come in the order in which they end, so one deadline serves them all: that of the oldest. When it comes, those whose time is
 * over are sent away, and it is set for the next. Whoever is served meanwhile touches nothing: the deadline comes, finds that somebody
 * else is the oldest now, and is set anew, once in a timeout. A deadline for each in a heap takes a fifth of what a wait costs.
 */
export interface PatienceOptions<R> {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Those who wait, oldest first; among them may be some with limits of their own. */
  readonly waiters: () => Iterable<PoolWaiter<R>>;
  readonly sendAway: (waiter: PoolWaiter<R>) => void;
}

export class Patience<R> implements Expiring {
  readonly #options: PatienceOptions<R>;
  deadlineAt: number | undefined = undefined;
  heapIndex = -1;

  constructor(options: PatienceOptions<R>) {
    this.#options = options;
  }

  joined({ isUsual, usualEndAt }: PoolWaiter<R>): void {
    if (this.deadlineAt === undefined && isUsual && usualEndAt < Infinity) this.#set(usualEndAt);
  }

  /** Nobody waits. */
  emptied(): void {
    if (this.deadlineAt === undefined) return;
    this.#options.deadlines.delete(this);
    this.deadlineAt = undefined;
  }

  isOver({ isUsual, usualEndAt }: PoolWaiter<R>): boolean {
    return isUsual && usualEndAt < Infinity && usualEndAt <= this.#options.clock.now();
  }

  expire(): void {
    this.deadlineAt = undefined;
    const now = this.#options.clock.now();
    for (const waiter of this.#options.waiters()) {
      if (!waiter.isUsual) continue;
      if (waiter.usualEndAt > now) {
        this.#set(waiter.usualEndAt);
        return;
      }
      this.#options.sendAway(waiter);
    }
  }

  #set(endAt: number): void {
    this.deadlineAt = endAt;
    this.#options.deadlines.add(this);
  }
}
