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

const asksEachTime = -1;

// The type's word is not enough: a number as text would turn the sum into text.
function isSmallWhole(amount: number): boolean {
  return typeof amount === "number" && (amount & smallWhole) === amount;
}

/**
 * Whole amounts are gathered in a small integer and carried over when it is full: adding to a double that is stored and
 * loaded again on every call takes twice as long, and nearly everybody counts by ones. The hot path loads that one field and
 * nothing else; `| 0` spares the platform the look for an overflow, which the bounds of both numbers rule out.
 *
 * In a registry with a source of exemplars the small integer is no such number from the start, so that only those pay for
 * asking who want it.
 */
export class CounterSeries implements BoundCounter {
  readonly #home: Home;
  /** From 0 up, or `asksEachTime`. Never anything but a small integer, not even before the constructor: so it needs no check. */
  #whole = 0;
  #rest = 0;
  #exemplar: Exemplar | undefined = undefined;

  constructor(home: Home) {
    this.#home = home;
    if (home.hasExemplarSource) this.#whole = asksEachTime;
  }

  get value(): number {
    return this.#whole === asksEachTime ? this.#rest : this.#rest + this.#whole;
  }

  get exemplar(): Exemplar | undefined {
    return this.#exemplar;
  }

  add(amount: number, exemplar?: ExemplarLabels): void {
    const whole = this.#whole;
    if (isSmallWhole(amount) && (whole & smallWhole) === whole && exemplar === undefined) this.#whole = (whole + amount) | 0;
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
    const asks = this.#whole === asksEachTime;
    if (!asks) {
      this.#rest += this.#whole;
      this.#whole = 0;
    }
    this.#rest += amount;
    if (asks || labels !== undefined) this.#exemplar = this.#home.exemplar(amount, labels) ?? this.#exemplar;
  }
}
