import { Fifo, checkNumber, type Clock} from "@breakwater/core";
import type { Ask } from "../ask.ts";
import type { QueueDiscipline, QueuePolicy } from "./discipline.ts";

/**
 * Adaptive LIFO with controlled delay: first come, first served as long as the queue empties now and then; newest first
 * while it stands.
 *
 * The problem: in an overload the one who waits longest is the one most likely to have gone, and the newest the one most
 * likely to be served in time. Serving the newest always is unfair for no reason when a short burst is all there is.
 *
 * The idea: a queue that was not empty once within `intervalMs` stands. Then the newest is served, and whoever waited
 * longer than the interval is given up, oldest first, one after the other as turns come: it is refused while somebody
 * may still be there to hear it, rather than buried until the overload is over. As soon as the queue has emptied,
 * everything is as before.
 *
 *     oldest [ given up once older than the interval | ... | served first ] newest        while it stands
 *     oldest [ served first | ...                                         ] newest        otherwise
 *
 * Source: Facebook, Fail at Scale (Maurer, 2015), whose queue uses the same test for standing; HBase's
 * AdaptiveLifoCoDelCallQueue switches by the queue's length, which needs a length that is right for every load.
 */
class AdaptiveLifo implements QueueDiscipline {
  readonly reorders = true;
  readonly judgesByTime = true;
  readonly #queue = new Fifo<Ask>();
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** Since when somebody has waited all the time. Means something only while somebody does. */
  #filledAt = 0;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  get size(): number {
    return this.#queue.size;
  }

  push(waiting: Ask): void {
    if (this.#queue.size === 0) this.#filledAt = waiting.since;
    this.#queue.push(waiting);
  }

  peek(): Ask | undefined {
    const oldest = this.#queue.peek();
    if (oldest === undefined || this.#queue.size === 1) return oldest;
    const now = this.#clock.now();
    if (now - this.#filledAt <= this.#intervalMs || now - oldest.since > this.#intervalMs) return oldest;
    return this.#queue.peekNewest();
  }

  remove(waiting: Ask): boolean {
    return this.#queue.remove(waiting);
  }

  victim(): Ask | undefined {
    return this.#queue.peek();
  }

  givesUp(ask: Ask, now: number): boolean {
    return now - this.#filledAt > this.#intervalMs && now - ask.since > this.#intervalMs;
  }
}

export interface AdaptiveLifoOptions {
  /** How long the queue must stand until the newest go first, and how long anybody waits then, in ms above 0. Default 100. */
  readonly intervalMs?: number | undefined;
}

/**
 * First come, first served until the queue has not been empty for `intervalMs`; then newest first, and whoever waited
 * longer than the interval is refused (reason `overloaded`). Serves the most callers in time. Evicts the oldest.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function adaptiveLifo({ intervalMs = 100 }: AdaptiveLifoOptions = {}): QueuePolicy {
  checkNumber("intervalMs", intervalMs, { min: Number.MIN_VALUE });
  return (clock) => new AdaptiveLifo(clock, intervalMs);
}
