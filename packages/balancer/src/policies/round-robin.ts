import { at } from "./drawing.ts";
import type { Candidate, Policy, Selector } from "./policy.ts";

/**
 * One after the other, whatever their load and weight; one in a slow start is passed over now and then.
 *
 * What is remembered is the last one's rank by joining, not its index: when the list changes the turn goes on behind it. An index
 * that begins at 0 with each update sends all to the head of the list during a rollout (grpc-java#8026).
 */
class Rounds implements Selector<null> {
  readonly #random: () => number;
  #candidates: readonly Candidate<null>[] = [];
  #next = 0;
  #lastOrder = -1;

  constructor(random: () => number) {
    this.#random = random;
  }

  changed(candidates: readonly Candidate<null>[]): void {
    this.#candidates = candidates;
    this.#next = Math.max(0, candidates.findIndex(({ order }) => order > this.#lastOrder));
  }

  choose(_: unknown, now: number): Candidate<null> {
    let chosen = this.#take();
    for (let passed = 1; passed < this.#candidates.length; passed += 1) {
      const share = chosen.shareAt(now);
      if (share === 1 || this.#random() < share) break;
      chosen = this.#take();
    }
    return chosen;
  }

  #take(): Candidate<null> {
    const chosen = at(this.#candidates, this.#next);
    this.#next = this.#next + 1 < this.#candidates.length ? this.#next + 1 : 0;
    this.#lastOrder = chosen.order;
    return chosen;
  }
}

/** One after the other. Blind to load and to weights: for endpoints that are alike and calls that are alike. O(1). */
export function roundRobin(): Policy {
  return {
    name: "round-robin",
    readsClock: false,
    strategy: ({ random }) => ({ newState: () => null, selector: () => new Rounds(random), loadOf: ({ pending }) => pending }),
  };
}
