import type { Home } from "./family.ts";

/** Counts what goes up and down, such as open connections. Keep it: it is bound to its attributes. */
export interface BoundUpDownCounter {
  /** The sum of all that was added; 0 at first. */
  readonly value: number;
  /** Adds a finite amount of either sign. Anything else is left out and counted in `breakwater.metrics.rejected_values`. */
  add(amount: number): void;
  /** Takes the series out of the registry; what is added from then on shows nowhere. Harmless to call again. */
  remove(): void;
}

export class UpDownCounterSeries implements BoundUpDownCounter {
  readonly #home: Home;
  #value = 0;

  constructor(home: Home) {
    this.#home = home;
  }

  get value(): number {
    return this.#value;
  }

  // One NaN or Infinity added would stay in the sum for ever.
  add(amount: number): void {
    if (Number.isFinite(amount)) this.#value += amount;
    else this.#home.rejected(amount);
  }

  remove(): void {
    this.#home.remove();
  }
}
