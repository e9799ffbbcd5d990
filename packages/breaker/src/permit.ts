import type { Gate } from "./gate.ts";
import type { Admission } from "./state.ts";

/** Leave to make one call. Say once how it went; whatever is said after that changes nothing. */
export class BreakerPermit {
  readonly #admission: Admission;
  #gate: Gate | undefined;

  /** @internal Made by `Breaker.tryAcquire`. */
  constructor(gate: Gate, admission: Admission) {
    this.#gate = gate;
    this.#admission = admission;
  }

  success(): void {
    const gate = this.#gate;
    this.#gate = undefined;
    gate?.succeed(this.#admission);
  }

  /** The error, if there is one, becomes the `cause` of later refusals. */
  failure(error?: unknown): void {
    const gate = this.#gate;
    this.#gate = undefined;
    gate?.fail(this.#admission, error);
  }

  /** The call said nothing about the dependency; a probe's place is free again. */
  neutral(): void {
    const gate = this.#gate;
    this.#gate = undefined;
    gate?.release(this.#admission);
  }

  /** {@link neutral}, for `using`: a call that ends in a way that nobody foresaw gives its place back. */
  [Symbol.dispose](): void {
    this.neutral();
  }
}
