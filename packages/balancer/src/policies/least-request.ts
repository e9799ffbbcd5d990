import { checkNumber, Heap, type Call, type HeapItem } from "@breakwater/core";
import type { Candidate, Policy, Selector } from "./policy.ts";
import { pendingLoad } from "./power-of-two.ts";
import { TwoChoices } from "./two-choices.ts";

/*
 * How it works, and why.
 *
 * Equal weights: two choices, as in `powerOfTwo`. Unequal ones: a schedule, as Envoy has it. Each endpoint has a deadline; the
 * earliest is chosen, and gets its next one 1/w later, where w is its weight divided by (calls in flight + 1)^bias. So a weight is a
 * share of the turns, and load takes turns away. A plain draw of two would let a small endpoint meet a large one half of the
 * time and lose by load only.
 *
 * The first deadlines are drawn from 0 to 1/w, or all clients that start together would begin with the same endpoint.
 */

export interface LeastRequestOptions {
  /** With unequal weights: how much calls in flight matter. 0 not at all, from 0. Default 1. */
  readonly bias?: number | undefined;
}

class Turn implements HeapItem {
  heapIndex = -1;
  readonly candidate: Candidate<null>;
  dueAt: number;

  constructor(candidate: Candidate<null>, dueAt: number) {
    this.candidate = candidate;
    this.dueAt = dueAt;
  }
}

class LeastRequest implements Selector<null> {
  readonly #two: TwoChoices<null>;
  readonly #random: () => number;
  readonly #bias: number;
  #isEven = true;
  #turns = new Heap<Turn>(isEarlier);
  /** The deadline served last. */
  #served = 0;

  constructor(random: () => number, bias: number) {
    this.#two = new TwoChoices<null>(random, pendingLoad);
    this.#random = random;
    this.#bias = bias;
  }

  changed(candidates: readonly Candidate<null>[]): void {
    this.#two.changed(candidates);
    const weight = candidates[0]?.weight;
    this.#isEven = candidates.every((candidate) => candidate.weight === weight);
    // Who has been there keeps the deadline; a newcomer stands behind what was served already.
    const known = new Map(Array.from(this.#turns, ({ candidate, dueAt }) => [candidate, dueAt]));
    this.#turns = new Heap<Turn>(isEarlier);
    if (this.#isEven) return;
    for (const candidate of candidates) {
      const dueAt = known.get(candidate) ?? this.#served + this.#random() / candidate.weight;
      this.#turns.push(new Turn(candidate, dueAt));
    }
  }

  choose(call: Call, now: number): Candidate<null> {
    if (this.#isEven) return this.#two.choose(call, now);
    const turn = this.#turns.peek();
    if (turn === undefined) throw new Error("bug: no turn");
    const { candidate } = turn;
    this.#served = turn.dueAt;
    const load = this.#bias === 1 ? candidate.pending + 1 : (candidate.pending + 1) ** this.#bias;
    turn.dueAt += load / (candidate.weight * candidate.shareAt(now));
    this.#turns.update(turn);
    return candidate;
  }
}

function isEarlier(one: Turn, other: Turn): boolean {
  return one.dueAt < other.dueAt;
}

/**
 * Fewest calls in flight, as Envoy's `least_request`: with equal weights the better of two drawn at random, O(1); with unequal ones
 * turns by `weight / (calls in flight + 1)^bias`, O(log n).
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function leastRequest(options: LeastRequestOptions = {}): Policy {
  const bias = checkNumber("bias", options.bias ?? 1, { max: 100 });
  return {
    name: "least-request",
    readsClock: false,
    strategy: ({ random }) => ({ newState: () => null, selector: () => new LeastRequest(random, bias), loadOf: pendingLoad }),
  };
}
