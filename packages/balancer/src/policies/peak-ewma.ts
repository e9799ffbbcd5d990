import { checkNumber } from "@breakwater/core";
import type { Candidate, Policy, PolicyContext, Selector, Strategy } from "./policy.ts";
import { retryAfterOf } from "./retry-after.ts";
import { TwoChoices } from "./two-choices.ts";

/*
 * How it works, and why.
 *
 * Calls in flight tell that an endpoint is slow once calls have piled up there; durations tell at the first slow answer. So
 * the load is both: (calls in flight + 1) * what a call costs there, which is about how long the next one would wait. Of two
 * endpoints drawn at random the one with less gets the call.
 *
 * The cost is a moving average with a memory of `decayMs` that believes bad news at once: a duration above it becomes the cost
 * (the peak), one below pulls it down by as much as time has passed. While nobody answers it fades when it is looked at, without
 * being changed, so that an endpoint that was bad is tried again one day.
 *
 *     cost |    x peak
 *          |    |\
 *          |    | '-.__ fades, by e in decayMs
 *          |____|      '----x-- an answer below it
 *
 * Bad news that must not look good:
 * - A failure is often quick. An endpoint that refuses in half a millisecond would look like the best of all and draw the traffic
 *   of the others (linkerd2-proxy#4537), so a failure costs at least `failurePenaltyMs`, or what the error asks for.
 * - A caller that went away measured only that the answer takes longer than that: it may raise the cost, never lower it.
 * - No history is not a low cost. An endpoint of which nothing is known gets one call, and the next when it has answered:
 *   otherwise all that is drawn goes to the newcomer until its first answer. The same for one whose last answer is so old that
 *   nothing is left of it.
 *
 * From Finagle (`peakEwma`), with reads that change nothing as in linkerd. Rejected: Finagle's way of folding each read into the
 * average as a sample of 0, which makes the memory as long as the time between two reads.
 */

export interface PeakEwmaOptions {
  /** After so many ms without news 1/e of the cost is left: above 0. Default 10,000. Infinity never forgets. */
  readonly decayMs?: number | undefined;
  /** A failure costs at least so many ms. Default 1,000; 0 takes it for what it took. */
  readonly failurePenaltyMs?: number | undefined;
  /** And as much as its `retryAfterMs` says, up to so many ms. Default 300,000. */
  readonly maxRetryAfterMs?: number | undefined;
}

/** What is known of one endpoint. */
export class Peak {
  /** In ms, as of `stamp`. */
  cost = 0;
  stamp: number = Number.NEGATIVE_INFINITY;
}

// More than any real load: behind everybody of whom something is known.
const unknownLoad = 2 ** 47;

// e^-5: less than a hundredth of the news is left, so it is none.
const staleAfter = 5;

// A clock can be too coarse to see that a call took time; at a cost of 0 the calls in flight would not matter.
const leastMs = 0.001;

class PeakStrategy implements Strategy<Peak> {
  readonly #random: () => number;
  readonly #decayMs: number;
  readonly #penaltyMs: number;
  readonly #maxRetryAfterMs: number;

  constructor({ random }: PolicyContext, decayMs: number, penaltyMs: number, maxRetryAfterMs: number) {
    this.#random = random;
    this.#decayMs = decayMs;
    this.#penaltyMs = penaltyMs;
    this.#maxRetryAfterMs = maxRetryAfterMs;
  }

  newState(): Peak {
    return new Peak();
  }

  selector(): Selector<Peak> {
    return new TwoChoices<Peak>(this.#random, this.loadOf);
  }

  readonly loadOf = (candidate: Candidate<Peak>, now: number): number => {
    const { cost, stamp } = candidate.state;
    const pending = candidate.pending - candidate.longPolls;
    const age = now === stamp ? 0 : (now - stamp) / this.#decayMs;
    const share = candidate.weight * candidate.shareAt(now);
    if (!(age <= staleAfter)) return pending === 0 ? 0 : (unknownLoad + pending) / share;
    return (cost * leftAfter(age) * (pending + 1)) / share;
  };

  succeeded({ state }: Candidate<Peak>, elapsedMs: number, now: number): void {
    this.#observe(state, elapsedMs, now);
  }

  failed({ state }: Candidate<Peak>, elapsedMs: number, error: unknown, now: number): void {
    this.#observe(state, Math.max(elapsedMs, this.#penaltyMs, retryAfterOf(error, this.#maxRetryAfterMs)), now);
  }

  cancelled({ state }: Candidate<Peak>, elapsedMs: number, now: number): void {
    if (elapsedMs > state.cost * this.#left(state, now)) this.#observe(state, elapsedMs, now, true);
  }

  #observe(state: Peak, elapsedMs: number, now: number, isPeak = false): void {
    const ms = Math.max(elapsedMs, leastMs);
    const left = this.#left(state, now);
    state.cost = isPeak || ms > state.cost ? ms : ms * (1 - left) + state.cost * left;
    state.stamp = Math.max(now, state.stamp);
  }

  /** How much of the old news counts. */
  #left({ stamp }: Peak, now: number): number {
    return now <= stamp ? 1 : leftAfter((now - stamp) / this.#decayMs);
  }
}

/** e^-age. Under load news is young, and near 0 four terms are right to a millionth of a millionth, for a fifth of the time. */
function leftAfter(age: number): number {
  return age < 0.01 ? 1 - age * (1 - (age / 2) * (1 - (age / 3) * (1 - age / 4))) : Math.exp(-age);
}

/**
 * Of two endpoints drawn at random, the one where the next call would be done earlier, by what calls took there lately and how
 * many are in flight. The default, and right for most.
 *
 * Not for calls whose duration the caller decides, such as long polls: name them by `isLongPoll`, or take {@link powerOfTwo}. O(1).
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function peakEwma(options: PeakEwmaOptions = {}): Policy {
  const decayMs = checkNumber("decayMs", options.decayMs ?? 10_000, { min: Number.MIN_VALUE });
  const penaltyMs = checkNumber("failurePenaltyMs", options.failurePenaltyMs ?? 1_000, { max: Number.MAX_VALUE });
  const maxRetryAfterMs = checkNumber("maxRetryAfterMs", options.maxRetryAfterMs ?? 300_000, { max: Number.MAX_VALUE });
  return { name: "peak-ewma", readsClock: true, strategy: (context) => new PeakStrategy(context, decayMs, penaltyMs, maxRetryAfterMs) };
}
