import type { LimiterRejectedError, LimiterRejectionReason } from "./errors.ts";

export interface LimiterEvents {
  /** A call was not admitted. An abort by the caller is no refusal, and neither is `tryAcquire` finding no room. */
  readonly rejected: { readonly reason: LimiterRejectionReason; readonly error: LimiterRejectedError };
  /** The limit is another one; whoever fits into it has been admitted. */
  readonly resized: { readonly from: number; readonly to: number };
}
