/**
 * Why a resource was destroyed. `idle`: unused for too long. `surplus`: beyond `maxIdle`, or `max` after a resize. `expired`: past
 * its lifetime. `worn`: past its uses. `cleared`: by `clear`. `invalid`: `validate` refused it. `unresettable`: `reset` failed, or
 * `cancel`. `broken`: its borrower gave it up, or it said so itself. `closed`: the pool closed. `revoked`: the pool closed and its
 * grace ended while it was borrowed.
 */
export type DestroyReason =
  | "idle"
  | "surplus"
  | "expired"
  | "worn"
  | "cleared"
  | "invalid"
  | "unresettable"
  | "broken"
  | "closed"
  | "revoked";

export interface PoolEvents<R> {
  readonly created: { readonly resource: R };
  /** Rejected, thrown, or out of time. `retryInMs`: how long until the next one may start. */
  readonly createFailed: { readonly error: unknown; readonly retryInMs: number };
  /** Creating works again after having failed. */
  readonly recovered: { readonly failures: number };
  /** `error` when validate threw, rejected or took too long; absent when it answered with something falsy. */
  readonly validateFailed: { readonly resource: R; readonly error?: unknown };
  readonly resetFailed: { readonly resource: R; readonly error?: unknown };
  /** `destroy` has settled and the place is free again. `error`: what was said of its breaking. */
  readonly destroyed: { readonly resource: R; readonly reason: DestroyReason; readonly error?: unknown };
  /** `destroy` threw, rejected or took too long; the place is free again all the same. */
  readonly destroyFailed: { readonly resource: R; readonly reason: DestroyReason; readonly error: unknown };
  /** Somebody was served who had waited for `slowAcquireMs` or more. */
  readonly slowAcquire: { readonly waitedMs: number };
  /** A resource is out for `leakAfterMs`. `origin`: the stack of its acquire. Without a listener it becomes a warning. */
  readonly leaked: { readonly resource: R; readonly origin: string };
  /** One that was told to be leaked has come back after all. */
  readonly unleaked: { readonly resource: R; readonly origin: string };
  /** Somebody waits for a resource while holding one. Without a listener it becomes a warning. */
  readonly nestedAcquire: { readonly held: number; readonly max: number };
  /** Everything is destroyed. */
  readonly closed: CloseReport;
}

/** What a close had to do by force. */
export interface CloseReport {
  /** Leases that were taken away when the grace was over. */
  readonly revoked: number;
  /** Creates that had not ended when they were given up; what they still bring is destroyed. */
  readonly abandoned: number;
  /** Destroys during the close that failed or took too long. */
  readonly destroyFailures: number;
}
