import { Fifo, checkNumber} from "@breakwater/core";
import type { Ask } from "../ask.ts";
import type { QueueDiscipline, QueuePolicy } from "./discipline.ts";

/**
 * CoDel for requests: first come, first served, and in a standing queue whoever has waited too long is given up.
 *
 * The problem: a queue in front of a full server is either empty now and then, which is good, since it only smooths bursts,
 * or it *stands*: it makes everybody late and nobody faster. Its length does not tell the two apart, and neither does the
 * mean delay: a burst has a high mean as well. What tells is the *smallest* delay of an interval: if even the luckiest
 * waited longer than `targetMs` throughout `intervalMs`, the queue stands.
 *
 *     delay
 *       |      /\    burst: the minimum touches 0         ____/\__/\___  standing: the minimum stays up,
 *       |  /\_/  \__                                     /               so drop what is older than 2 x target
 *       +-------------> time                             +-------------> time
 *
 * While it stands, waiters older than twice the target are given up when their turn comes, so that those served are young
 * enough to be of use. The first after the end of an interval closes it, and is never given up itself: one is served in
 * each interval however bad things are. A queue that has emptied does not stand, whatever its last minimum was.
 *
 * Source: Nichols and Jacobson, Controlling Queue Delay (2012); the form for servers is folly's `Codel` and Facebook's
 * Fail at Scale (Maurer, 2015), with the same constants.
 */
export class StandingQueue {
  readonly #targetMs: number;
  readonly #intervalMs: number;
  #intervalEndsAt = -Infinity;
  #leastMs = 0;
  #stands = false;

  constructor(targetMs: number, intervalMs: number) {
    this.#targetMs = targetMs;
    this.#intervalMs = intervalMs;
  }

  get stands(): boolean {
    return this.#stands;
  }

  /** Nobody waits: there is nothing that could stand. */
  emptied(): void {
    this.#leastMs = 0;
  }

  /** The turn of one has come that waited so long: whether it is given up. */
  givesUp(delayMs: number, now: number): boolean {
    if (now > this.#intervalEndsAt) {
      this.#stands = this.#leastMs > this.#targetMs;
      this.#intervalEndsAt = now + this.#intervalMs;
      this.#leastMs = delayMs;
      return false;
    }
    if (delayMs < this.#leastMs) this.#leastMs = delayMs;
    return this.#stands && delayMs > 2 * this.#targetMs;
  }
}

class ControlledDelay extends Fifo<Ask> implements QueueDiscipline {
  readonly reorders: boolean = false;
  readonly judgesByTime: boolean = true;
  readonly #standing: StandingQueue;

  constructor(standing: StandingQueue) {
    super();
    this.#standing = standing;
  }

  override remove(waiting: Ask): boolean {
    const was = super.remove(waiting);
    if (this.size === 0) this.#standing.emptied();
    return was;
  }

  victim(): Ask | undefined {
    return this.peek();
  }

  givesUp(ask: Ask, now: number): boolean {
    return this.#standing.givesUp(now - ask.since, now);
  }
}

export interface CodelOptions {
  /** What even the luckiest may wait, in ms from 0. Default 5. */
  readonly targetMs?: number | undefined;
  /** How long the queue must stand before anybody is given up, in ms above 0. Default 100. */
  readonly intervalMs?: number | undefined;
}

/**
 * First come, first served; in a queue that stands, whoever has waited longer than twice the target is refused when its
 * turn comes (reason `overloaded`). Keeps the order, needs no knowledge of the load, and is the one to take for a server
 * that may be overloaded. Evicts the oldest.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function codel({ targetMs = 5, intervalMs = 100 }: CodelOptions = {}): QueuePolicy {
  checkNumber("targetMs", targetMs);
  checkNumber("intervalMs", intervalMs, { min: Number.MIN_VALUE });
  return () => new ControlledDelay(new StandingQueue(targetMs, intervalMs));
}
