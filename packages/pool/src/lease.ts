import type { Slot } from "./slot.ts";

/**
 * A resource on loan. Settle it exactly once, with `release` or `destroy`; a second settle, and one after the pool took
 * the resource back at the end of a close's grace, does nothing. `await using` and `using` release it.
 */
export interface Lease<R> extends AsyncDisposable, Disposable {
  readonly resource: R;
  /** Returns the resource: to the oldest waiter in this very turn, else to the idle ones. */
  release(): void;
  /** Gives up a resource that is broken. It is destroyed in the background and replaced on demand. */
  destroy(): void;
}

/**
 * How it works, and why. Whether a lease is still good is not kept in the lease but in the slot: `slot.lease` is the one
 * lease that may settle it. So settling, revoking and lending again each are one assignment, and a stale lease can never
 * return what somebody else has borrowed by now.
 */
export class SlotLease<R> implements Lease<R> {
  readonly resource: R;
  readonly #slot: Slot<R>;

  constructor(slot: Slot<R>) {
    this.resource = slot.resource;
    this.#slot = slot;
  }

  release(): void {
    const slot = this.#slot;
    if (slot.lease !== this) return;
    slot.lease = undefined;
    slot.keeper.returned(slot);
  }

  destroy(): void {
    const slot = this.#slot;
    if (slot.lease !== this) return;
    slot.lease = undefined;
    slot.keeper.broken(slot);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.release();
    return Promise.resolve();
  }
}
