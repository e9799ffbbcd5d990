/**
 * Why a resource was destroyed. `idle`: unused for too long. `invalid`: `validate` refused it. `broken`: its borrower
 * gave it up. `closed`: the pool closed. `revoked`: the pool closed and its grace ended while it was borrowed.
 */
export type DestroyReason = "idle" | "invalid" | "broken" | "closed" | "revoked";

export interface PoolEvents<R> {
  readonly created: { readonly resource: R };
  /** Rejected, thrown, or out of time. */
  readonly createFailed: { readonly error: unknown };
  /** `error` when validate threw, rejected or took too long; absent when it answered with something falsy. */
  readonly validateFailed: { readonly resource: R; readonly error?: unknown };
  /** `destroy` has settled and the place is free again. */
  readonly destroyed: { readonly resource: R; readonly reason: DestroyReason };
  /** `destroy` threw, rejected or took too long; the place is free again all the same. */
  readonly destroyFailed: { readonly resource: R; readonly reason: DestroyReason; readonly error: unknown };
  /** Everything is destroyed. `revoked` counts the leases that were taken away when the grace was over. */
  readonly closed: { readonly revoked: number };
}
