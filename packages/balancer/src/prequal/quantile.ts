const size = 128;

// Sorting is the cost, so it is done once for so many values.
const every = 16;

/** A quantile of the last 128 values, worked out anew after each 16. */
export class Quantile {
  readonly #ratio: number;
  readonly #values = new Float64Array(size);
  #count = 0;
  /** Infinity before the first value. */
  value: number = Number.POSITIVE_INFINITY;

  constructor(ratio: number) {
    this.#ratio = ratio;
  }

  add(value: number): void {
    this.#values[this.#count % size] = value;
    this.#count += 1;
    if (this.#count > every && this.#count % every !== 0) return;
    const sorted = this.#values.slice(0, Math.min(this.#count, size)).sort();
    this.value = sorted[Math.floor(this.#ratio * (sorted.length - 1))] ?? Infinity;
  }
}
