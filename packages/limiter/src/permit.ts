import type { Outcome } from "@breakwater/core";

/** Where a permit goes back to. */
export interface PermitOwner {
  /** `startedAt` is what the owner gave the permit when it made it. */
  give(weight: number, outcome: Outcome, startedAt: number): void;
}

/** Leave to work. Give it back once; giving it back again changes nothing. */
export class Permit {
  readonly weight: number;
  readonly #startedAt: number;
  #owner: PermitOwner | undefined;

  /** @internal Made by the limiter. */
  constructor(owner: PermitOwner, weight: number, startedAt = 0) {
    this.#owner = owner;
    this.weight = weight;
    this.#startedAt = startedAt;
  }

  /**
   * Frees the slot. Whoever is next and now fits has it when this returns. A limit that learns takes `failure` for a sign
   * of overload and `neutral` for none at all; a fixed one takes no notice of the outcome.
   */
  release(outcome: Outcome = "success"): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.give(this.weight, outcome, this.#startedAt);
  }

  /** {@link release}, for `using`. */
  [Symbol.dispose](): void {
    this.release();
  }
}
