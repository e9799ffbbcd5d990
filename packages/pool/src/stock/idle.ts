import type { Clock, Deadlines, Expiring } from "@breakwater/core";
import { Deque } from "./deque.ts";
import type { Slot } from "./slot.ts";

/**
 * The idle resources, and their eviction. How it works, and why.
 *
 * They lie in the order in which they were laid aside. Reuse is last in, first out: what is newest is warm, and what the load does
 * not need ages at the other end. So the oldest are always there, and eviction looks at no other. (With the order `fifo` each is
 * used in its turn, and a pool that is used at all does not shrink much.)
 *
 * Reading the clock at every release would cost more than the rest of the release. Instead time is cut into sweeps, ten
 * to an idle timeout T, and a release stamps the number of the sweep it falls into, which is a field. Whoever was
 * stamped `s` was idle before sweep s+1, hence for at least T at sweep s+1+10, and for 1.1 T at most: never evicted
 * early, and late by a tenth of T at most. The release that starts the sweeps starts one of its own, so a resource that
 * is left alone goes after T sharp.
 *
 *     release, stamped s
 *        v
 *     ---+----|----|----|-- ... --|----|--> time
 *           s+1  s+2                 s+11: evicted
 *
 * Sweeps are housekeeping. They begin with a release that leaves more than `min` resources, are not stopped by the acquire that
 * follows (that would be a timer per borrow), and end with a sweep that leaves nothing to evict.
 * Rejected: a timer per resource, a clock read per release, and testing a sample of the resources at each sweep.
 */
const sweepsPerTimeout = 10;

export interface IdleOptions<R> {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly idleTimeoutMs: number;
  readonly order: "lifo" | "fifo";
  /** How many resources there are beyond `min`. */
  readonly surplus: () => number;
  readonly evict: (slot: Slot<R>) => void;
}

export class Idle<R> implements Expiring {
  readonly #options: IdleOptions<R>;
  readonly #slots = new Deque<Slot<R>>();
  readonly #sweepMs: number;
  readonly #isFifo: boolean;
  #sweep = 0;
  readonly isHousekeeping = true;
  deadlineAt: number | undefined = undefined;
  heapIndex = -1;

  constructor(options: IdleOptions<R>) {
    this.#options = options;
    this.#sweepMs = options.idleTimeoutMs / sweepsPerTimeout;
    this.#isFifo = options.order === "fifo";
  }

  get size(): number {
    return this.#slots.size;
  }

  push(slot: Slot<R>): void {
    slot.state = "idle";
    slot.idleSweep = this.#sweep;
    this.#slots.push(slot);
    if (this.deadlineAt === undefined) this.#arm();
  }

  /** Back to where it was, as old as it was. */
  putBack(slot: Slot<R>): void {
    slot.state = "idle";
    this.#slots.unshift(slot);
    if (this.deadlineAt === undefined) this.#arm();
  }

  /** Begins to look for what is surplus, if anything is. */
  sweep(): void {
    if (this.deadlineAt === undefined && this.#slots.size > 0) this.#arm();
  }

  /** Takes out the one whose turn it is. */
  pop(): Slot<R> | undefined {
    return this.#isFifo ? this.#slots.shift() : this.#slots.pop();
  }

  /** Takes out the one that has lain longest. */
  popOldest(): Slot<R> | undefined {
    return this.#slots.shift();
  }

  /** False when it does not lie here. */
  remove(slot: Slot<R>): boolean {
    return this.#slots.remove(slot);
  }

  /** The longest unused first, as of now. */
  all(): Slot<R>[] {
    return this.#slots.all();
  }

  /** Takes all out and stops looking. */
  drain(): Slot<R>[] {
    this.#options.deadlines.delete(this);
    this.deadlineAt = undefined;
    const all = this.#slots.all();
    while (this.#slots.pop() !== undefined);
    return all;
  }

  expire(): void {
    this.#sweep += 1;
    this.deadlineAt = undefined;
    const surplus = this.#options.surplus();
    const due = this.#takeDue(surplus);
    if (this.#slots.size > 0 && surplus > due.length) this.#schedule();
    for (const slot of due) this.#options.evict(slot);
  }

  #arm(): void {
    if (this.#sweepMs === Infinity || this.#options.surplus() <= 0) return;
    this.#sweep += 1;
    this.#schedule();
  }

  #schedule(): void {
    this.deadlineAt = this.#options.clock.now() + this.#sweepMs;
    this.#options.deadlines.add(this);
  }

  #takeDue(most: number): Slot<R>[] {
    const due: Slot<R>[] = [];
    for (let slot = this.#slots.peek(); slot !== undefined && due.length < most; slot = this.#slots.peek()) {
      if (this.#sweep - slot.idleSweep <= sweepsPerTimeout) break;
      this.#slots.shift();
      due.push(slot);
    }
    return due;
  }
}
