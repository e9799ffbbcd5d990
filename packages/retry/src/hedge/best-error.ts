import type { Verdict } from "./verdict.ts";

/** The number of a try, 11 at most, is added to these: an error that says more ranks first, then an earlier try's. */
const ranks: Readonly<Record<Verdict, number>> = { fatal: 0, failure: 100, "given-up": 100, neutral: 200 };

/**
 * The error that a call rejects with: the one that ended it, else that of the earliest try that failed, else of the earliest that
 * was refused.
 */
export class BestError {
  error: unknown = undefined;
  #rank: number = Number.POSITIVE_INFINITY;

  offer(error: unknown, verdict: Verdict, attempt: number): void {
    const rank = ranks[verdict] + attempt;
    if (rank > this.#rank) return;
    this.#rank = rank;
    this.error = error;
  }
}
