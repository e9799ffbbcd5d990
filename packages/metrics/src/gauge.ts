import type { Home } from "./family.ts";

/** A gauge that its owner sets. It shows nothing before the first value; 0 is a value. */
export interface SettableGauge {
  /** Undefined until something was set. */
  readonly value: number | undefined;
  set(value: number): void;
  /** Moves it up, or down by a negative amount. Starts from 0. */
  add(amount: number): void;
  /** Takes the series out of the registry; what is set from then on shows nowhere. Harmless to call again. */
  remove(): void;
}

export class GaugeSeries implements SettableGauge {
  readonly #home: Home;
  #value: number | undefined = undefined;

  constructor(home: Home) {
    this.#home = home;
  }

  get value(): number | undefined {
    return this.#value;
  }

  set(value: number): void {
    if (typeof value === "number") this.#value = value;
    else this.#home.rejected(value);
  }

  // One NaN or Infinity added would stay in the sum for ever.
  add(amount: number): void {
    if (Number.isFinite(amount)) this.#value = (this.#value ?? 0) + amount;
    else this.#home.rejected(amount);
  }

  remove(): void {
    this.#home.remove();
  }
}
