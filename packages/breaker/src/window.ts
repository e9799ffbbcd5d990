/**
 * The counters of one closed period: they start empty, and end with it. Neutral outcomes do not reach them.
 *
 * Both are O(1) in time and allocate nothing per call. The count window is resilience4j's: a ring of one byte a call with
 * a running total, so that a call costs the same with 20 or 20,000 places.
 *
 *     size 5, the sixth call overwrites the first    [ 1 | 0 | 0 | 1 | 0 ]    failures 2 of 5
 *                                                      ^ next
 */
export interface TripWindow {
  /** Counts one finished call; true when the breaker shall open. */
  record(isFailure: boolean): boolean;
}

/** Failures in a row. */
export class ConsecutiveWindow implements TripWindow {
  readonly #threshold: number;
  #failures = 0;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  record(isFailure: boolean): boolean {
    this.#failures = isFailure ? this.#failures + 1 : 0;
    return this.#failures >= this.#threshold;
  }
}

/** The share of failures among the last calls. */
export class CountWindow implements TripWindow {
  readonly #ring: Uint8Array;
  readonly #failureRatio: number;
  readonly #minimumCalls: number;
  #next = 0;
  #calls = 0;
  #failures = 0;

  constructor(size: number, failureRatio: number, minimumCalls: number) {
    this.#ring = new Uint8Array(size);
    this.#failureRatio = failureRatio;
    this.#minimumCalls = minimumCalls;
  }

  record(isFailure: boolean): boolean {
    const value = isFailure ? 1 : 0;
    this.#failures += value - (this.#ring[this.#next] ?? 0); // a place not used yet holds 0
    this.#ring[this.#next] = value;
    this.#next = this.#next + 1 === this.#ring.length ? 0 : this.#next + 1;
    if (this.#calls < this.#ring.length) this.#calls += 1;
    // A quotient, because it rounds to the very number that was written: 7 / 100 is 0.07, but 0.07 * 100 is above 7.
    return this.#calls >= this.#minimumCalls && this.#failures / this.#calls >= this.#failureRatio;
  }
}
