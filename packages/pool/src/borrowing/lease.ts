import { LeaseSettledError } from "../errors.ts";
import type { Slot, SlotKeeper } from "../stock/slot.ts";

/**
 * A resource on loan. Settle it once, with `release` or `destroy`; `using` and `await using` release it if that was not done. What is
 * said after the pool took the resource back, at the end of a close's grace, does nothing.
 */
export interface Lease<R> extends AsyncDisposable, Disposable {
  readonly resource: R;
  /**
   * Returns the resource: to the oldest waiter in this very turn, else to the idle ones. After `destroy` it does nothing, so it may
   * stand in a `finally`.
   *
   * @throws LeaseSettledError ERR_POOL_LEASE_SETTLED when it was released before; the pool is none the worse for it.
   */
  release(): void;
  /**
   * Gives up a resource that is broken. It is destroyed in the background and replaced on demand. `error` is told to `destroyed`.
   *
   * @throws LeaseSettledError ERR_POOL_LEASE_SETTLED when it was released before.
   */
  destroy(error?: unknown): void;
}

/**
 * How it works, and why. Whether a lease is still good is not kept in the lease but in the slot: each loan has a number, and
 * `slot.loan` is the one that may be settled. So settling, revoking and lending again each are one addition, and a stale lease can
 * never return what somebody else has borrowed by now. A number rather than the lease itself: a slot is old and a lease new, and
 * to make an old object refer to a new one costs the collector half as much as the rest of a loan.
 */
export class SlotLease<R> implements Lease<R> {
  readonly resource: R;
  readonly #slot: Slot<R>;
  #loan: number;

  constructor(slot: Slot<R>) {
    this.resource = slot.resource;
    this.#slot = slot;
    this.#loan = slot.loan;
  }

  release(): void {
    if (this.#slot.loan === this.#loan) this.#giveBack();
    else if (this.#loan === released) throw new LeaseSettledError(this.#slot.keeper.name);
  }

  destroy(error?: unknown): void {
    if (this.#slot.loan === this.#loan) this.giveUp(error);
    else if (this.#loan === released) throw new LeaseSettledError(this.#slot.keeper.name);
  }

  /** @internal Whether it is still the loan that may be settled. */
  get isCurrent(): boolean {
    return this.#slot.loan === this.#loan;
  }

  /** @internal {@link destroy} that does nothing where it would throw. */
  giveUp(error: unknown): void {
    const slot = this.#slot;
    if (slot.loan !== this.#loan) return;
    slot.loan += 1;
    slot.keeper.broken(slot, error);
  }

  [Symbol.dispose](): void {
    if (this.#slot.loan === this.#loan) this.#giveBack();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    return Promise.resolve();
  }

  #giveBack(): void {
    const slot = this.#slot;
    this.#loan = released;
    slot.loan += 1;
    slot.keeper.returned(slot);
  }

  /** The keeper that lent it; undefined for what is no lease. */
  static keeperOf(lease: unknown): SlotKeeper<never> | undefined {
    return typeof lease === "object" && lease !== null && #slot in lease ? lease.#slot.keeper : undefined;
  }
}

/** No loan has this number. */
const released = -1;
