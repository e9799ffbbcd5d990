import type { BreakerState } from "./stats.ts";

/** In the words of `@breakwater/health`. */
export interface BreakerHealth {
  readonly status: "HEALTHY" | "DEGRADED" | "UNHEALTHY";
  /** For people. */
  readonly reason: string;
}

/**
 * Open and isolated, its dependency cannot be used: UNHEALTHY. Half-open, or closed with a ramp, it can, a little: DEGRADED.
 * Disabled says nothing, so nothing bad.
 */
export function healthOf(
  state: BreakerState,
  retryAfterMs: number | undefined,
  name: string | undefined,
  admissionRatio: number,
): BreakerHealth {
  const breaker = name === undefined ? "breaker" : `breaker ${name}`;
  const is = `${breaker} is ${state}`;
  if (state === "isolated") return { status: "UNHEALTHY", reason: is };
  if (state === "open") return { status: "UNHEALTHY", reason: `${is} for another ${Math.ceil(retryAfterMs ?? 0)} ms` };
  if (state === "half-open") return { status: "DEGRADED", reason: is };
  if (state === "closed" && admissionRatio < 1) {
    return { status: "DEGRADED", reason: `${is} and lets in ${Math.round(100 * admissionRatio)} % of the calls` };
  }
  return { status: "HEALTHY", reason: is };
}
