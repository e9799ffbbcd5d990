import { at } from "./drawing.ts";
import type { Candidate, Policy, Selector } from "./policy.ts";

/** How much an endpoint is owed. */
interface Credit {
  credit: number;
}

/**
 * nginx's smooth weighted round robin (commit 52327e0627f4, 2012).
 *
 * Each choice gives everybody its weight, takes the one that is owed most, and takes the sum of the weights from it. With weights
 * 5, 1, 1 that is a a b a c a a rather than a a a a a b c: nobody gets a burst. The credits always add up to 0.
 *
 * They stand in the endpoints' states, so they survive an update; one that leaves takes its credit along, and the others catch up.
 */
class Smooth implements Selector<Credit> {
  #candidates: readonly Candidate<Credit>[] = [];

  changed(candidates: readonly Candidate<Credit>[]): void {
    this.#candidates = candidates;
  }

  choose(_: unknown, now: number): Candidate<Credit> {
    let total = 0;
    let best = at(this.#candidates, 0);
    for (const candidate of this.#candidates) {
      const weight = candidate.weight * candidate.shareAt(now);
      total += weight;
      candidate.state.credit += weight;
      if (candidate.state.credit > best.state.credit) best = candidate;
    }
    best.state.credit -= total;
    return best;
  }
}

/** In turn, by weight, spread as evenly as can be. Blind to load. O(n), so for some hundred endpoints at most. */
export function smoothWeighted(): Policy {
  return {
    name: "smooth-weighted",
    readsClock: false,
    strategy: () => ({
      newState: () => ({ credit: 0 }),
      selector: () => new Smooth(),
      loadOf: ({ pending, weight }) => pending / weight,
    }),
  };
}
