import type { Outcome } from "@breakwater/core";

/** Leave to make one call. Say once how it went; whatever is said after that changes nothing. */
export class BreakerPermit {
  #settle: ((outcome: Outcome, error: unknown) => void) | undefined;

  /** @internal Made by `Breaker.tryAcquire`. */
  constructor(settle: (outcome: Outcome, error: unknown) => void) {
    this.#settle = settle;
  }

  success(): void {
    this.#once("success", undefined);
  }

  /** The error, if there is one, becomes the `cause` of later refusals. */
  failure(error?: unknown): void {
    this.#once("failure", error);
  }

  /** The call said nothing about the dependency; a probe's place is free again. */
  neutral(): void {
    this.#once("neutral", undefined);
  }

  #once(outcome: Outcome, error: unknown): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(outcome, error);
  }
}
