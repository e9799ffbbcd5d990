import { at, drawIndex } from "./drawing.ts";
import type { Candidate, Policy, Selector } from "./policy.ts";

class Drawn implements Selector<null> {
  readonly #random: () => number;
  #candidates: readonly Candidate<null>[] = [];
  #isEven = true;

  constructor(random: () => number) {
    this.#random = random;
  }

  changed(candidates: readonly Candidate<null>[]): void {
    this.#candidates = candidates;
    const weight = candidates[0]?.weight;
    this.#isEven = candidates.every((candidate) => candidate.weight === weight);
  }

  choose(_: unknown, now: number): Candidate<null> {
    if (this.#isEven) {
      // In a slow start its share of the draws counts; otherwise another is drawn, which ends, because shares are above 0.
      for (let tries = 0; tries < 32; tries += 1) {
        const drawn = at(this.#candidates, drawIndex(this.#random, this.#candidates.length));
        const share = drawn.shareAt(now);
        if (share === 1 || this.#random() < share) return drawn;
      }
    }
    return this.#byWeight(now);
  }

  #byWeight(now: number): Candidate<null> {
    let total = 0;
    for (const candidate of this.#candidates) total += candidate.weight * candidate.shareAt(now);
    let left = this.#random() * total;
    for (const candidate of this.#candidates) {
      left -= candidate.weight * candidate.shareAt(now);
      if (left < 0) return candidate;
    }
    return at(this.#candidates, this.#candidates.length - 1); // by rounding
  }
}

/** Any, by weight. Blind to load; needs no memory, so many clients do not fall into step. O(1) for equal weights, else O(n). */
export function random(): Policy {
  return {
    name: "random",
    readsClock: false,
    strategy: ({ random: draw }) => ({ newState: () => null, selector: () => new Drawn(draw), loadOf: ({ pending }) => pending }),
  };
}
