import type { Counter } from "@breakwater/core";

/** A counter bound to its attributes. Keep it: adding is a field's cost, finding it again is not. */
export interface BoundCounter extends Counter {
  /** The sum of all that was added. */
  readonly value: number;
  /**
   * Adds a finite amount from 0 up. Anything else is left out and counted in `breakwater.metrics.rejected_values`; a
   * measurement never throws into the code that it measures.
   */
  add(amount: number): void;
}

// Whole numbers of 29 bits; the sum of two of them still fits the platform's small integers.
const smallWhole = 2 ** 29 - 1;

// The type's word is not enough: a number as text would turn the sum into text.
function isSmallWhole(amount: number): boolean {
  return typeof amount === "number" && (amount & smallWhole) === amount;
}

/**
 * Whole amounts are gathered in a small integer and carried over when it is full: adding to a double that is stored and
 * loaded again on every call is slower by a tenth or more, and nearly everybody counts by ones.
 */
export class CounterSeries implements BoundCounter {
  readonly #reject: (value: unknown) => void;
  #whole = 0;
  #rest = 0;

  constructor(reject: (value: unknown) => void) {
    this.#reject = reject;
  }

  get value(): number {
    return this.#rest + this.#whole;
  }

  add(amount: number): void {
    if (isSmallWhole(amount) && this.#whole <= smallWhole) this.#whole += amount;
    else this.#addSlowly(amount);
  }

  #addSlowly(amount: unknown): void {
    if (typeof amount !== "number" || !(amount >= 0) || amount === Infinity) {
      this.#reject(amount);
      return;
    }
    this.#rest += this.#whole;
    this.#whole = 0;
    this.#rest += amount;
  }
}
