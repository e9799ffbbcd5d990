import type { Call } from "@breakwater/core";
import { at, drawIndex } from "./drawing.ts";
import type { Candidate, Selector } from "./policy.ts";

/**
 * The power of two choices: draw two, take the better.
 *
 * To look at all endpoints and take the least loaded is O(n), and a herd: everybody who looks at the same figures goes to the
 * same endpoint. One drawn at random is spread evenly, and takes no notice of load. Two drawn at random, of which the less
 * loaded is taken, need O(2), avoid every overloaded endpoint that is not drawn with a worse one, and never herd, because an
 * endpoint is in the draw for 2/n of the calls only.
 *
 * Two traps. Both indices must differ, or an endpoint meets itself and is taken whatever its load: the second is drawn among
 * n - 1 and moved past the first. And the order of the two must be random, because a tie goes to the first: were it the lower index,
 * an idle fleet would send most to the head of the list.
 */
export class TwoChoices<State> implements Selector<State> {
  readonly #random: () => number;
  readonly #loadOf: (candidate: Candidate<State>, now: number) => number;
  #candidates: readonly Candidate<State>[] = [];

  constructor(random: () => number, loadOf: (candidate: Candidate<State>, now: number) => number) {
    this.#random = random;
    this.#loadOf = loadOf;
  }

  changed(candidates: readonly Candidate<State>[]): void {
    this.#candidates = candidates;
  }

  choose(_: Call, now: number): Candidate<State> {
    const others = this.#candidates.length - 1;
    // One draw among all ordered pairs: half the price of two.
    const drawn = drawIndex(this.#random, (others + 1) * others);
    let second = drawn % others;
    const first = (drawn - second) / others;
    if (second >= first) second += 1;
    const one = at(this.#candidates, first);
    const other = at(this.#candidates, second);
    return this.#loadOf(one, now) <= this.#loadOf(other, now) ? one : other;
  }
}
