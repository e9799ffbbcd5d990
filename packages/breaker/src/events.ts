import type { BreakerOpenError, BreakerOpenReason } from "./errors.ts";

export interface BreakerEvents {
  /** It refuses from now on. From `half-open` when a probe failed. */
  readonly opened: {
    readonly from: "closed" | "half-open";
    /** The failure that was one too many, or the probe's. */
    readonly cause: unknown;
    /** How long it stays open, in ms. */
    readonly retryAfterMs: number;
  };
  /** The break is over and the first probe goes. */
  readonly halfOpened: { readonly from: "open" };
  /** All calls go, and counting starts afresh. From `open` only by `reset`. */
  readonly closed: { readonly from: "open" | "half-open" };
  /** A call was refused. */
  readonly rejected: { readonly reason: BreakerOpenReason; readonly error: BreakerOpenError };
}
