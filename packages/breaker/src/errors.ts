import { RejectedError } from "@breakwater/core";

/** Why a breaker refused: it is open, or half-open with its probe out. */
export type BreakerOpenReason = "open" | "half-open";

export interface BreakerOpenErrorOptions {
  readonly reason: BreakerOpenReason;
  readonly retryAfterMs: number | undefined;
  readonly source: string | undefined;
  readonly cause: unknown;
}

/** The breaker did not let the call through; the dependency was not asked. `cause` is the failure that opened it. */
export class BreakerOpenError extends RejectedError {
  override readonly name: string = "BreakerOpenError";
  declare readonly code: "ERR_BREAKER_OPEN";
  declare readonly reason: BreakerOpenReason;

  constructor(options: BreakerOpenErrorOptions) {
    super("ERR_BREAKER_OPEN", message(options), options);
  }
}

function message({ reason, retryAfterMs, source }: BreakerOpenErrorOptions): string {
  const breaker = source === undefined ? "breaker" : `breaker ${source}`;
  if (reason === "half-open") return `${breaker} is half-open and its probe is out`;
  return `${breaker} is open for another ${Math.ceil(retryAfterMs ?? 0)} ms`;
}
