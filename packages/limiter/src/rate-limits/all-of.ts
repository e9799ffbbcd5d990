import type { RateAlgorithm, RateState } from "./algorithm.ts";

/**
 * Several limits as one: all of them must have room, and then all are taken from; otherwise none is.
 *
 * Trying one after the other and giving back on a refusal is not the same: in between others are refused by what is only
 * borrowed, and what a refusal has used up is lost where nothing is given back.
 */
class AllOf implements RateAlgorithm {
  readonly limit: number;
  readonly windowMs: number;
  readonly #algorithms: readonly RateAlgorithm[];

  constructor(algorithms: readonly RateAlgorithm[]) {
    this.#algorithms = algorithms;
    // The one that says no first to a client that comes all at once is the one to tell about.
    const strictest = algorithms.reduce((one, other) => (other.limit < one.limit ? other : one));
    this.limit = strictest.limit;
    this.windowMs = strictest.windowMs;
  }

  fresh(now: number): RateState {
    return new AllOfState(this.#algorithms.map((algorithm) => algorithm.fresh(now)));
  }
}

class AllOfState implements RateState {
  readonly #states: readonly RateState[];

  constructor(states: readonly RateState[]) {
    this.#states = states;
  }

  get isBusy(): boolean {
    return this.#states.some(({ isBusy }) => isBusy === true);
  }

  tryTake(weight: number, now: number): boolean {
    for (const state of this.#states) if (state.waitMs(weight, now) > 0) return false;
    for (const state of this.#states) state.tryTake(weight, now);
    return true;
  }

  waitMs(weight: number, now: number, ahead?: number): number {
    return this.#most((state) => state.waitMs(weight, now, ahead));
  }

  penalise(weight: number, now: number): void {
    for (const state of this.#states) state.penalise(weight, now);
  }

  refund(weight: number, now: number): void {
    for (const state of this.#states) state.refund(weight, now);
  }

  remaining(now: number): number {
    return -this.#most((state) => -state.remaining(now));
  }

  resetAfterMs(now: number): number {
    return this.#most((state) => state.resetAfterMs(now));
  }

  ended(now: number): void {
    for (const state of this.#states) state.ended?.(now);
  }

  #most(read: (state: RateState) => number): number {
    let most = -Infinity;
    for (const state of this.#states) most = Math.max(most, read(state));
    return most;
  }
}

/**
 * All or nothing: so much a second *and* so much an hour; or a user's own limit and, by {@link shared}, one for all users.
 * One that is shared twice counts twice.
 *
 * @throws TypeError without any.
 */
export function allOf(...algorithms: readonly RateAlgorithm[]): RateAlgorithm {
  if (algorithms.length === 0) throw new TypeError("allOf needs at least one algorithm");
  return new AllOf(merged(algorithms));
}

/** An algorithm that is a view of one and the same state, wherever it is used. */
export interface SharedAlgorithm extends RateAlgorithm {
  readonly source: object;
  /** A view that takes so many times the weight. */
  times(count: number): RateAlgorithm;
}

// Two views of one state would both find room where there is room for one.
function merged(algorithms: readonly RateAlgorithm[]): RateAlgorithm[] {
  const counts = new Map<object, { readonly shared: SharedAlgorithm; count: number }>();
  const own: RateAlgorithm[] = [];
  for (const algorithm of algorithms) {
    const known = isShared(algorithm) ? counts.get(algorithm.source) : undefined;
    if (known !== undefined) known.count += 1;
    else if (isShared(algorithm)) counts.set(algorithm.source, { shared: algorithm, count: 1 });
    else own.push(algorithm);
  }
  return [...own, ...[...counts.values()].map(({ shared, count }) => shared.times(count))];
}

function isShared(algorithm: RateAlgorithm): algorithm is SharedAlgorithm {
  return "source" in algorithm;
}
