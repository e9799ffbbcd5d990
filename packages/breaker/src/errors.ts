import { RejectedError } from "@breakwater/core";

/** Why a breaker refused: it is open, or half-open with its probe out. */
export type BreakerOpenReason = "open" | "half-open";

export interface BreakerOpenErrorOptions {
  readonly reason: BreakerOpenReason;
  /** In ms; left out while a probe is out. */
  readonly retryAfterMs?: number | undefined;
  /** The breaker's name. */
  readonly source?: string | undefined;
  /** The failure that opened it. */
  readonly cause?: unknown;
}

/**
 * The breaker did not let the call through; the dependency was not asked. `cause` is the failure that opened it.
 *
 * `retryAfterMs` is what is left of the break. It is absent with the reason `half-open`, because nobody can know when the
 * probe answers, nor what.
 */
export class BreakerOpenError extends RejectedError {
  declare readonly code: "ERR_BREAKER_OPEN";
  declare readonly reason: BreakerOpenReason;

  static {
    this.prototype.name = "BreakerOpenError";
  }

  constructor(options: BreakerOpenErrorOptions) {
    super("ERR_BREAKER_OPEN", message(options), options);
  }
}

function message({ reason, retryAfterMs = 0, source }: BreakerOpenErrorOptions): string {
  const breaker = source === undefined ? "breaker" : `breaker ${source}`;
  if (reason === "half-open") return `${breaker} is half-open and its probe is out`;
  if (retryAfterMs === Infinity) return `${breaker} is open until it is reset`;
  return `${breaker} is open for another ${Math.ceil(retryAfterMs)} ms`;
}
