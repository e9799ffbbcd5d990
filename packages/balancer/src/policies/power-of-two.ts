import type { Candidate, Policy } from "./policy.ts";
import { TwoChoices } from "./two-choices.ts";

/**
 * Of two drawn at random, the one with fewer calls in flight for its weight. Mitzenmacher, "The Power of Two Choices in Randomized
 * Load Balancing" (2001): with two choices the mean wait at 95 % load is 3.4 service times, with one it is 20.
 *
 * For calls of very different length, long polls and streams, where durations say nothing. It does not see that an endpoint is
 * slow until calls have piled up there. O(1).
 */
export function powerOfTwo(): Policy {
  return {
    name: "power-of-two",
    readsClock: false,
    strategy: ({ random }) => ({
      newState: () => null,
      selector: () => new TwoChoices<null>(random, pendingLoad),
      loadOf: pendingLoad,
    }),
  };
}

/** Calls in flight, with the one to come, for each unit of weight. */
export function pendingLoad(candidate: Candidate, now: number): number {
  return (candidate.pending + 1) / (candidate.weight * candidate.shareAt(now));
}
