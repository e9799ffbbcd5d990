/** What is wrong with a `next()`: `again` a second one, `late` one after its function had returned. */
export type NextErrorReason = "again" | "late";

/** A middleware called `next` when it must not. It is a mistake in the middleware, and nobody further in heard of it. */
export class NextError extends Error {
  override readonly name: string = "NextError";
  readonly code = "ERR_NEXT";
  readonly reason: NextErrorReason;
  /** Which middleware. */
  readonly layer: string;

  /** @internal */
  constructor(layer: string, reason: NextErrorReason) {
    super(reason === "again" ? `${layer} called next() again` : `${layer} called next() after it had returned`);
    this.layer = layer;
    this.reason = reason;
  }
}
