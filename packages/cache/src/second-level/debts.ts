/** What was written in this process and is not confirmed by the store: what stands there under that key is older, and not to be read. */
export interface Debt<K> {
  readonly key: K;
  /** How many operations are on their way that would pay it. */
  underWay: number;
}

/** So many are remembered one by one. */
const maxDebts = 10_000;
/** So many at a time are looked at, so that a store which is back is not flooded. */
const batch = 100;

/**
 * Keys whose value was replaced or deleted here, until the store has said that it knows. How it works, and why.
 *
 * A delete that the store did not get would be undone by the next read, and nobody would notice. So as long as a delete or a `set` is not
 * confirmed its key is not read from the store. What failed is done again, as a delete, when the store answers again. That is
 * harmless if it had been done after all: the value is loaded anew.
 *
 * The memory is bounded. The oldest debt is given up when there are too many, and then nothing in the store that is older than this
 * moment is read any more: more loads, but no old answer.
 */
export class Debts<K> {
  readonly #debts = new Map<string, Debt<K>>();
  readonly #overflown: () => void;

  constructor(overflown: () => void) {
    this.#overflown = overflown;
  }

  get size(): number {
    return this.#debts.size;
  }

  get(address: string): Debt<K> | undefined {
    return this.#debts.get(address);
  }

  /** A new one, in place of an older one: what would have paid that says nothing of what was written since. */
  owe(address: string, key: K): void {
    this.#debts.delete(address);
    this.#debts.set(address, { key, underWay: 0 });
    if (this.#debts.size <= maxDebts) return;
    for (const oldest of this.#debts.keys()) {
      this.#debts.delete(oldest);
      break;
    }
    this.#overflown();
  }

  pay(address: string, debt: Debt<K>): void {
    if (this.#debts.get(address) === debt) this.#debts.delete(address);
  }

  /** Some of those for which nothing is on its way, the oldest first. */
  due(): [address: string, debt: Debt<K>][] {
    const due: [string, Debt<K>][] = [];
    let looked = 0;
    for (const [address, debt] of this.#debts) {
      if ((looked += 1) > batch) break;
      if (debt.underWay === 0) due.push([address, debt]);
    }
    return due;
  }
}
