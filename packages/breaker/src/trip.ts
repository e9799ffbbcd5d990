import { checkNumber } from "@breakwater/core";

/**
 * What makes a closed breaker open. A trip is a description that any number of breakers may share; each makes a window
 * of its own from it, and a new one each time it closes, so that failures from before a break never count again.
 * Neutral outcomes do not reach a window: they say nothing.
 */
export interface Trip {
  readonly createWindow: () => TripWindow;
}

/** The counters of one closed period. */
export interface TripWindow {
  /** Counts one finished call; true when that is one too many. */
  record(isFailure: boolean): boolean;
}

/**
 * Trips at the given number of failures in a row, 5 by default; any success starts the count again. Right for
 * dependencies that are either up or down.
 *
 * @throws TypeError or RangeError when the threshold is not a whole number from 1.
 */
export function consecutiveFailures(threshold = 5): Trip {
  checkNumber("threshold", threshold, { min: 1, integer: true });
  return { createWindow: () => new ConsecutiveWindow(threshold) };
}

class ConsecutiveWindow implements TripWindow {
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

export interface CountWindowOptions {
  /** How many finished calls the window holds, from 1 to 1 000 000. */
  readonly size: number;
  /** Trips when failures over calls reaches this, above 0 to 1. */
  readonly failureRatio: number;
  /** Fewer calls than this in the window never trip. Default `size`. */
  readonly minimumCalls?: number | undefined;
}

/**
 * Trips on the share of failures among the last calls. Right for dependencies that fail now and then.
 *
 * A ring of one byte a call with a running total, as in resilience4j's count-based window: recording is O(1).
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function countWindow({ size, failureRatio, minimumCalls = size }: CountWindowOptions): Trip {
  checkNumber("size", size, { min: 1, max: 1_000_000, integer: true });
  checkNumber("failureRatio", failureRatio, { min: Number.MIN_VALUE, max: 1 });
  checkNumber("minimumCalls", minimumCalls, { min: 1, max: size, integer: true });
  return { createWindow: () => new CountWindow(size, failureRatio, minimumCalls) };
}

class CountWindow implements TripWindow {
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
    return this.#calls >= this.#minimumCalls && this.#failures >= this.#failureRatio * this.#calls;
  }
}
