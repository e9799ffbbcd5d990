import type { Counter } from "@breakwater/core";
import type { Exemplar, ExemplarLabels } from "./exemplar.ts";
import type { Home } from "./family.ts";

/** A counter bound to its attributes. Keep it: adding is a field's cost, finding it again is not. */
export interface BoundCounter extends Counter {
  /** The sum of all that was added. */
  readonly value: number;
  /** Of the latest addition that had one. */
  readonly exemplar: Exemplar | undefined;
  /**
   * Adds a finite amount from 0 up. Anything else is left out and counted in `breakwater.metrics.rejected_values`; a
   * measurement never throws into the code that it measures.
   *
   * @param exemplar - says where this one came from, in at most 128 code points of names and values together; longer ones
   * are left out and counted in `breakwater.metrics.dropped_exemplars`. Default: what the registry's `exemplar` answers.
   */
  add(amount: number, exemplar?: ExemplarLabels): void;
  /** Takes the series out of the registry; what is added from then on shows nowhere. Harmless to call again. */
  remove(): void;
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
 *
 * In a registry with a source of exemplars the small integer counts as full from the start, so that only those pay for
 * asking who want it.
 */
export class CounterSeries implements BoundCounter {
  readonly #home: Home;
  #whole = 0;
  #rest = 0;
  readonly #fullAt: number;
  #exemplar: Exemplar | undefined = undefined;

  constructor(home: Home) {
    this.#home = home;
    this.#fullAt = home.hasExemplarSource ? -1 : smallWhole;
  }

  get value(): number {
    return this.#rest + this.#whole;
  }

  get exemplar(): Exemplar | undefined {
    return this.#exemplar;
  }

  add(amount: number, exemplar?: ExemplarLabels): void {
    if (isSmallWhole(amount) && this.#whole <= this.#fullAt && exemplar === undefined) this.#whole += amount;
    else this.#addSlowly(amount, exemplar);
  }

  remove(): void {
    this.#home.remove();
  }

  #addSlowly(amount: unknown, labels: ExemplarLabels | undefined): void {
    if (typeof amount !== "number" || !(amount >= 0) || amount === Infinity) {
      this.#home.rejected(amount);
      return;
    }
    this.#rest += this.#whole;
    this.#whole = 0;
    this.#rest += amount;
    if (labels !== undefined || this.#fullAt < 0) this.#exemplar = this.#home.exemplar(amount, labels) ?? this.#exemplar;
  }
}
