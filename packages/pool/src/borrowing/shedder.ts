import type { Clock, Deadlines, Expiring } from "@breakwater/core";
import type { SheddingSettings } from "../options.ts";

/**
 * CoDel for a pool's line. How it works, and why.
 *
 * A line is either empty now and then, which is good, since it only smooths bursts, or it *stands*: it makes everybody late and
 * nobody faster. What tells the two apart is the smallest wait of an interval: if even the luckiest waited longer than the target,
 * the line stands. While it does, whoever has waited twice the target is given up when the turn comes, so that those who are served
 * are young enough to be of use.
 *
 * That happens when a resource is handed over. If nothing ever comes back there is no such moment, and therefore the line is looked
 * at once in an interval as well: if its head has not changed since the last look, the head's wait is the interval's smallest.
 *
 * Source: Elixir's DBConnection (`queue_target`, `queue_interval`), after Nichols and Jacobson, Controlling Queue Delay (2012).
 */
export interface ShedderOptions extends SheddingSettings {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Who is next, with the time at which they asked. */
  readonly head: () => { readonly askedAt: number } | undefined;
  readonly giveUpHead: () => void;
}

export class Shedder implements Expiring {
  readonly #options: ShedderOptions;
  #endsAt = -Infinity;
  #leastMs = 0;
  #stands = false;
  /** Who was next at the last look. */
  #seen: object | undefined = undefined;
  readonly isHousekeeping = true;
  deadlineAt: number | undefined = undefined;
  heapIndex = -1;

  constructor(options: ShedderOptions) {
    this.#options = options;
  }

  /** Somebody has joined the line. */
  joined(): void {
    if (this.deadlineAt === undefined) this.#lookLater();
  }

  /** Nobody waits: there is nothing that could stand. */
  emptied(): void {
    this.#leastMs = 0;
    this.#seen = undefined;
    this.#options.deadlines.delete(this);
    this.deadlineAt = undefined;
  }

  /** A resource is about to be handed over: gives up those in front who have waited too long. */
  clear(): void {
    const head = this.#options.head();
    if (head === undefined) return;
    const now = this.#options.clock.now();
    if (now >= this.#endsAt) this.#endInterval(now);
    if (this.#stands) this.#giveUp(now);
    const served = this.#options.head();
    if (served !== undefined) this.#leastMs = Math.min(this.#leastMs, now - served.askedAt);
  }

  expire(): void {
    this.deadlineAt = undefined;
    const head = this.#options.head();
    if (head === undefined) return;
    const now = this.#options.clock.now();
    if (head === this.#seen) {
      this.#leastMs = now - head.askedAt;
      this.#endInterval(now);
      if (this.#stands) this.#giveUp(now);
    }
    this.#seen = this.#options.head();
    if (this.#seen !== undefined) this.#lookLater();
  }

  #endInterval(now: number): void {
    const { targetMs, intervalMs } = this.#options;
    this.#stands = this.#leastMs > targetMs;
    this.#endsAt = now + intervalMs;
    this.#leastMs = Infinity; // until somebody is served
  }

  #giveUp(now: number): void {
    const { head, giveUpHead, targetMs } = this.#options;
    for (let next = head(); next !== undefined && now - next.askedAt > 2 * targetMs; next = head()) giveUpHead();
  }

  #lookLater(): void {
    this.deadlineAt = this.#options.clock.now() + this.#options.intervalMs;
    this.#options.deadlines.add(this);
  }
}
