/** A gauge that its owner sets. It shows nothing before the first value; 0 is a value. */
export interface SettableGauge {
  /** Undefined until something was set. */
  readonly value: number | undefined;
  set(value: number): void;
  /** Moves it up, or down by a negative amount. Starts from 0. */
  add(amount: number): void;
}

export class GaugeSeries implements SettableGauge {
  readonly #reject: (value: unknown) => void;
  #value: number | undefined = undefined;

  constructor(reject: (value: unknown) => void) {
    this.#reject = reject;
  }

  get value(): number | undefined {
    return this.#value;
  }

  set(value: number): void {
    if (typeof value === "number") this.#value = value;
    else this.#reject(value);
  }

  // One NaN or Infinity added would stay in the sum for ever.
  add(amount: number): void {
    if (Number.isFinite(amount)) this.#value = (this.#value ?? 0) + amount;
    else this.#reject(amount);
  }
}
