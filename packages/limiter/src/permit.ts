import type { Outcome } from "@breakwater/core";

/** Where a permit goes back to. */
export interface PermitOwner {
  give(weight: number, outcome: Outcome): void;
}

/** Leave to work. Give it back once; giving it back again changes nothing. */
export class Permit {
  readonly weight: number;
  #owner: PermitOwner | undefined;

  /** @internal Made by the limiter. */
  constructor(owner: PermitOwner, weight: number) {
    this.#owner = owner;
    this.weight = weight;
  }

  /**
   * Frees the slot. Whoever waits first and now fits has it when this returns. The outcome is there for limits that
   * learn from it; a fixed limit does not.
   */
  release(outcome: Outcome = "success"): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.give(this.weight, outcome);
  }

  /** {@link release}, for `using`. */
  [Symbol.dispose](): void {
    this.release();
  }
}
