import { checkNumber, warn } from "@breakwater/core";
import type { Admission } from "./circuit/admission.ts";
import type { Gate } from "./gate.ts";

/**
 * Leave to make one call. Say once how it went; whatever is said after that changes nothing. `durationMs` is how long it took,
 * where the caller knows better than this permit: for what began before the permit, or ended before it was told. One that is no
 * number from 0 becomes a process warning, and counts as not given.
 */
export class BreakerPermit {
  readonly #admission: Admission;
  #gate: Gate | undefined;

  /** @internal Made by `tryAcquire`. */
  constructor(gate: Gate, admission: Admission) {
    this.#gate = gate;
    this.#admission = admission;
  }

  success(durationMs?: number): void {
    const gate = this.#gate;
    this.#gate = undefined;
    gate?.succeed(this.#admission, checked(durationMs));
  }

  /** The error, if there is one, becomes the `cause` of later refusals. */
  failure(error?: unknown, durationMs?: number): void {
    const gate = this.#gate;
    this.#gate = undefined;
    gate?.fail(this.#admission, error, undefined, checked(durationMs));
  }

  /** The call said nothing about the dependency; a probe's place is free again. */
  neutral(durationMs?: number): void {
    const gate = this.#gate;
    this.#gate = undefined;
    gate?.release(this.#admission, checked(durationMs));
  }

  /** {@link neutral}, for `using`: a call that ends in a way that nobody foresaw gives its place back. */
  [Symbol.dispose](): void {
    this.neutral();
  }
}

// The call has been made; it is no time to throw.
function checked(durationMs: number | undefined): number | undefined {
  if (durationMs === undefined) return undefined;
  try {
    return checkNumber("durationMs", durationMs);
  } catch (error) {
    warn(error);
    return undefined;
  }
}
