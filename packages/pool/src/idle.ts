import type { Clock, Timer } from "@breakwater/core";
import type { Slot } from "./slot.ts";

/**
 * The idle resources, and their eviction. How it works, and why.
 *
 * Reuse is last in, first out: what is on top is warm, and what the load does not need sinks to the bottom and ages
 * there. So the oldest are always at the bottom, and eviction looks at no other.
 *
 * Reading the clock at every release would cost more than the rest of the release. Instead time is cut into sweeps, ten
 * to an idle timeout T, and a release stamps the number of the sweep it falls into, which is a field. Whoever was
 * stamped `s` was idle before sweep s+1, hence for at least T at sweep s+1+10, and for 1.1 T at most: never evicted
 * early, and late by a tenth of T at most. The release that sets the timer starts a sweep of its own, so a resource that
 * is left alone goes after T sharp.
 *
 *     release, stamped s
 *        v
 *     ---+----|----|----|-- ... --|----|--> time
 *           s+1  s+2                 s+11: evicted
 *
 * The timer is unref'd. It is set by a release that leaves more than `min` resources, not cancelled by the acquire that
 * follows (that would be a timer per borrow), and not set again by a sweep that leaves nothing to evict.
 * Rejected: a timer per resource, a clock read per release, and testing a sample of the resources at each sweep.
 */
const sweepsPerTimeout = 10;

export interface IdleOptions<R> {
  readonly clock: Clock;
  readonly idleTimeoutMs: number;
  /** How many resources there are beyond `min`. */
  readonly surplus: () => number;
  readonly evict: (slot: Slot<R>) => void;
}

export class Idle<R> {
  readonly #clock: Clock;
  readonly #sweepMs: number;
  readonly #surplus: () => number;
  readonly #evict: (slot: Slot<R>) => void;
  readonly #slots: Slot<R>[] = [];
  #sweep = 0;
  // An idle timeout of Infinity never needs it.
  #timer: Timer | undefined = undefined;

  constructor({ clock, idleTimeoutMs, surplus, evict }: IdleOptions<R>) {
    this.#clock = clock;
    this.#sweepMs = idleTimeoutMs / sweepsPerTimeout;
    this.#surplus = surplus;
    this.#evict = evict;
  }

  get size(): number {
    return this.#slots.length;
  }

  push(slot: Slot<R>): void {
    slot.state = "idle";
    slot.idleSweep = this.#sweep;
    this.#slots.push(slot);
    if (this.#timer === undefined) this.#arm();
  }

  /** Takes out the one used last. */
  pop(): Slot<R> | undefined {
    return this.#slots.pop();
  }

  /** Takes all out and stops looking. */
  drain(): Slot<R>[] {
    this.#timer?.cancel();
    this.#timer = undefined;
    return this.#slots.splice(0);
  }

  #arm(): void {
    if (this.#sweepMs === Infinity || this.#slots.length === 0 || this.#surplus() <= 0) return;
    this.#sweep += 1;
    this.#schedule();
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimer(this.#fire, this.#sweepMs);
    this.#timer.unref();
  }

  readonly #fire = (): void => {
    this.#sweep += 1;
    const surplus = this.#surplus();
    const due = this.#slots.splice(0, this.#countDue(surplus));
    this.#timer = undefined;
    if (this.#slots.length > 0 && surplus > due.length) this.#schedule();
    for (const slot of due) this.#evict(slot);
  };

  #countDue(most: number): number {
    const isYoung = (slot: Slot<R>): boolean => this.#sweep - slot.idleSweep <= sweepsPerTimeout;
    const oldest = this.#slots.findIndex(isYoung);
    return Math.max(0, Math.min(most, oldest < 0 ? this.#slots.length : oldest));
  }
}
