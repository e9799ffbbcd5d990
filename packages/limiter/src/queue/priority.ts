import { checkNumber} from "@breakwater/core";
import type { Ask } from "../ask.ts";
import { Buckets } from "./buckets.ts";
import type { QueueDiscipline, QueuePolicy } from "./discipline.ts";

/**
 * Priority with ageing: the smaller number first, first come, first served within a level, and nobody waits for ever.
 *
 * The problem: strict priority starves the low levels as long as the high ones fill the server.
 *
 * The idea: waiting counts. Every `ageingMs` that a caller has waited lifts it by one level. All who wait age alike, so
 * the order between two of them never changes while they wait: `priority * ageingMs + since` is all there is to compare.
 * A caller of level p waits at most p x ageingMs longer than one of level 0 who came at the same time.
 */
class Priority implements QueueDiscipline {
  readonly reorders = true;
  readonly judgesByTime: boolean;
  readonly #levels: Buckets<number>;
  readonly #ageingMs: number;

  constructor(ageingMs: number) {
    this.#ageingMs = ageingMs;
    this.judgesByTime = ageingMs < Infinity;
    this.#levels = new Buckets(
      (ask) => ask.priority,
      (_, head) => this.#rank(head),
    );
  }

  get size(): number {
    return this.#levels.size;
  }

  push(waiting: Ask): void {
    this.#levels.push(waiting);
  }

  peek(): Ask | undefined {
    return this.#levels.peek();
  }

  remove(waiting: Ask): boolean {
    return this.#levels.remove(waiting);
  }

  victim(newcomer: Ask): Ask | undefined {
    let last: Ask | undefined;
    let lastRank = this.#rank(newcomer);
    for (const level of this.#levels) {
      const newest = level.peekNewest();
      if (newest === undefined || this.#rank(newest) <= lastRank) continue;
      last = newest;
      lastRank = this.#rank(newest);
    }
    return last;
  }

  #rank({ priority, since }: Ask): number {
    return this.#ageingMs === Infinity ? priority : priority * this.#ageingMs + since;
  }
}

export interface PriorityOptions {
  /** A caller that has waited so long, in ms above 0, counts as one level more important. Infinity: never. Default 1000. */
  readonly ageingMs?: number | undefined;
}

/**
 * The smaller `priority` first (from the options of `acquire` and `run`, or from the call; 0 where none is given), first
 * come, first served within a level. Evicts the newest of the least important, unless the newcomer is no more important.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function priority({ ageingMs = 1000 }: PriorityOptions = {}): QueuePolicy {
  checkNumber("ageingMs", ageingMs, { min: Number.MIN_VALUE });
  return () => new Priority(ageingMs);
}
