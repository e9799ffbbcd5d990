import type { Deadlines, Expiring } from "@breakwater/core";

/** The next moment at which something has to be looked at, among the other deadlines. It never keeps the process alive. */
export class Alarm implements Expiring {
  readonly isHousekeeping = true;
  heapIndex = -1;
  deadlineAt: number = Number.POSITIVE_INFINITY;
  readonly #deadlines: Deadlines;
  readonly #ring: () => void;

  constructor(deadlines: Deadlines, ring: () => void) {
    this.#deadlines = deadlines;
    this.#ring = ring;
  }

  /** Rings at this time instead of the one before; never, when that is Infinity. */
  set(at: number): void {
    if (at === this.deadlineAt) return;
    this.#deadlines.delete(this);
    this.deadlineAt = at;
    if (at < Infinity) this.#deadlines.add(this);
  }

  expire(): void {
    this.deadlineAt = Infinity;
    this.#ring();
  }
}
