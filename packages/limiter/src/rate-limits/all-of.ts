import { carriedOver, type RateAlgorithm, type RateState } from "./algorithm.ts";

/**
 * Several limits as one, e.g. 10 a second and 1000 an hour: all of them must have room, and then all are taken from; otherwise
 * none is.
 *
 * What one grants and another refuses must not be used up, so all are asked before anything is taken. In one turn of the
 * event loop nothing comes between, so after the asking no taking fails. Taking one after the other and giving back on a
 * refusal was rejected: it is not the same where what is taken changes more than a count.
 */
class AllOf implements RateAlgorithm {
  readonly limit: number;
  readonly windowMs: number;
  readonly parts: readonly RateAlgorithm[];

  constructor(parts: readonly RateAlgorithm[]) {
    this.parts = parts;
    // The one that says no first to a client that comes all at once is the one to tell about.
    const strictest = parts.reduce((one, other) => (other.limit < one.limit ? other : one));
    this.limit = strictest.limit;
    this.windowMs = strictest.windowMs;
  }

  fresh(now: number): RateState {
    return new AllOfState(this, now);
  }
}

class AllOfState implements RateState {
  algorithm: AllOf;
  #parts: RateState[];

  constructor(algorithm: AllOf, now: number) {
    this.algorithm = algorithm;
    this.#parts = algorithm.parts.map((part) => part.fresh(now));
  }

  get isBusy(): boolean {
    return this.#parts.some(({ isBusy }) => isBusy);
  }

  tryTake(weight: number, now: number): boolean {
    for (const part of this.#parts) if (part.waitMs(weight, now) > 0) return false;
    for (const part of this.#parts) {
      if (!part.tryTake(weight, now)) throw new Error("bug: what need not wait was refused");
    }
    return true;
  }

  waitMs(weight: number, now: number, ahead?: number): number {
    return this.#most((part) => part.waitMs(weight, now, ahead));
  }

  penalise(weight: number, now: number): void {
    for (const part of this.#parts) part.penalise(weight, now);
  }

  refund(weight: number, now: number): void {
    for (const part of this.#parts) part.refund(weight, now);
  }

  used(now: number): number {
    return this.#most((part) => part.used(now));
  }

  remaining(now: number): number {
    return this.tightest(now).remaining(now);
  }

  resetAfterMs(now: number): number {
    return this.#most((part) => part.resetAfterMs(now));
  }

  tightest(now: number): RateState {
    return this.#parts.reduce((one, other) => (other.remaining(now) < one.remaining(now) ? other : one));
  }

  adopt(algorithm: RateAlgorithm, now: number): boolean {
    if (!(algorithm instanceof AllOf)) return false;
    this.algorithm = algorithm;
    this.#parts = algorithm.parts.map((part, index) => {
      const state = this.#parts[index];
      return state === undefined ? part.fresh(now) : adopted(state, part, now);
    });
    return true;
  }

  ended(now: number): void {
    for (const part of this.#parts) part.ended?.(now);
  }

  #most(of: (part: RateState) => number): number {
    return Math.max(...this.#parts.map(of));
  }
}

/**
 * All or nothing: so much a second *and* so much an hour; or a user's own limit and, by {@link shared}, one for all users.
 * One that is shared twice counts twice.
 *
 * @throws TypeError without any.
 */
export function allOf(...algorithms: readonly RateAlgorithm[]): RateAlgorithm {
  if (algorithms.length === 0) throw new TypeError("allOf needs at least one algorithm, got none");
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
  for (const algorithm of algorithms.flatMap((each) => (each instanceof AllOf ? each.parts : [each]))) {
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

/** The state under another algorithm. What was used stays used, in whole units if it is of another kind. */
export function adopted(state: RateState, algorithm: RateAlgorithm, now: number): RateState {
  if (state.algorithm === algorithm || state.adopt(algorithm, now)) return state;
  const fresh = algorithm.fresh(now);
  // What rounding left over is nothing.
  const used = Math.ceil(carriedOver(state.used(now), state.algorithm.limit, algorithm.limit) - 0.001);
  if (used > 0 && !isShared(algorithm)) fresh.penalise(used, now);
  return fresh;
}
