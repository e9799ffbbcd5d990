import { RejectedError } from "@breakwater/core";

/**
 * Why a breaker refused: it is open; it is half-open and its probes are out; it has just closed and lets in a growing share; or
 * somebody holds it open by hand.
 */
export type BreakerOpenReason = "open" | "half-open" | "ramp" | "isolated";

export interface BreakerOpenErrorOptions {
  readonly reason: BreakerOpenReason;
  /** In ms; left out where nobody can know. */
  readonly retryAfterMs?: number | undefined;
  /** The breaker's name. */
  readonly source?: string | undefined;
  /** The failure that opened it. */
  readonly cause?: unknown;
}

/**
 * The breaker did not let the call through; the dependency was not asked. `cause` is the failure that opened it.
 *
 * `retryAfterMs` is what is left of the break, or of the ramp. It is absent with the reasons `half-open` and `isolated`, because
 * nobody can know when a probe answers, nor what, and when a person lets go.
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
  if (reason === "half-open") return `${breaker} is half-open and its probes are out`;
  if (reason === "isolated") return `${breaker} is held open by hand`;
  if (reason === "ramp") return `${breaker} lets in a growing share for another ${Math.ceil(retryAfterMs)} ms, and this call was not in it`;
  if (retryAfterMs === Infinity) return `${breaker} is open until it is reset`;
  return `${breaker} is open for another ${Math.ceil(retryAfterMs)} ms`;
}
