import type { Outcome } from "@breakwater/core";

/** What was so when work began, for limits that learn from it. */
export interface Start {
  /** In the clock's ms. */
  readonly at: number;
  /** How much was in use, itself included. */
  readonly inFlight: number;
}

/** Where a permit goes back to. */
export interface PermitOwner {
  /** `start` is what the owner gave the permit when it made it. */
  give(weight: number, outcome: Outcome, start: Start | undefined): void;
}

/** Leave to work. Give it back once; giving it back again changes nothing. */
export class Permit {
  readonly weight: number;
  readonly #start: Start | undefined;
  #owner: PermitOwner | undefined;

  /** @internal Made by the limiter. */
  constructor(owner: PermitOwner, weight: number, start?: Start) {
    this.#owner = owner;
    this.weight = weight;
    this.#start = start;
  }

  /**
   * Frees the slot. Whoever is next and now fits has it when this returns. A limit that learns takes `failure` for a sign
   * of overload and `neutral` for none at all; a fixed one takes no notice of the outcome.
   */
  release(outcome: Outcome = "success"): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.give(this.weight, outcome, this.#start);
  }

  /** {@link release}, for `using`. */
  [Symbol.dispose](): void {
    this.release();
  }
}
