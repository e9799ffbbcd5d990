import { checkNumber } from "@breakwater/core";
import { checkRatio } from "./ratio.ts";
import type { Trip, TripReport, TripWindow } from "./trip.ts";

/**
 * The share of failures among the last calls: a ring of one byte a call with a running total, so that a call costs the same
 * with 20 or 20,000 places, and allocates nothing.
 *
 *     size 5, the sixth call overwrites the first    [ 1 | 0 | 0 | 1 | 0 ]    failures 2 of 5
 *                                                      ^ next
 *
 * Source: resilience4j, FixedSizeSlidingWindowMetrics.
 */
class CountWindow implements TripWindow {
  readonly #ring: Uint8Array;
  readonly #size: number;
  readonly #failureRatio: number;
  readonly #minimumCalls: number;
  #next = 0;
  #calls = 0;
  #failures = 0;

  constructor(size: number, failureRatio: number, minimumCalls: number) {
    this.#ring = new Uint8Array(size);
    this.#size = size;
    this.#failureRatio = failureRatio;
    this.#minimumCalls = minimumCalls;
  }

  record(isFailure: boolean): void {
    const next = this.#next;
    // While all is well the ring is all zeros, and there is nothing to write.
    if (isFailure || this.#failures > 0) this.#write(next, isFailure ? 1 : 0);
    this.#next = next + 1 === this.#size ? 0 : next + 1;
    if (this.#calls < this.#size) this.#calls += 1;
  }

  verdict(): TripReport | undefined {
    const failures = this.#failures;
    if (failures === 0 || this.#calls < this.#minimumCalls) return undefined;
    // A quotient, because it rounds to the very number that was written: 7 / 100 is 0.07, but 0.07 * 100 is above 7.
    if (failures / this.#calls < this.#failureRatio) return undefined;
    return { reason: "failure-ratio", calls: this.#calls, failures };
  }

  isClean(): boolean {
    return this.#failures === 0;
  }

  #write(place: number, value: number): void {
    this.#failures += value - (this.#ring[place] ?? 0); // a place not used yet holds 0
    this.#ring[place] = value;
  }
}

export interface CountWindowOptions {
  /** How many ended calls the window holds: a whole number from 1 to 1,000,000. One byte each. */
  readonly size: number;
  /** Trips when failures over calls reaches it: above 0, to 1. */
  readonly failureRatio: number;
  /** With fewer calls in the window it never trips: a whole number from 1 to `size`. Default `size`. */
  readonly minimumCalls?: number | undefined;
}

/**
 * Trips when the share of failures among the last `size` calls is `failureRatio` or more. Neutral outcomes are no calls.
 * Right for dependencies that fail now and then, with traffic that is steady.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function countWindow({ size, failureRatio, minimumCalls = size }: CountWindowOptions): Trip {
  checkNumber("size", size, { min: 1, max: 1_000_000, integer: true });
  checkRatio("failureRatio", failureRatio);
  checkNumber("minimumCalls", minimumCalls, { min: 1, max: size, integer: true });
  return { createWindow: () => new CountWindow(size, failureRatio, minimumCalls), readsClock: false };
}
