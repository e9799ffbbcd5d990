import type { BreakerStats } from "./stats.ts";

/** In the words of `@breakwater/health`. */
export interface BreakerHealth {
  readonly status: "HEALTHY" | "DEGRADED" | "UNHEALTHY";
  /** For people. */
  readonly reason: string;
}

/**
 * Open and isolated, its dependency cannot be used: UNHEALTHY. Half-open, or closed with a ramp, it can, a little: DEGRADED.
 * Disabled, or observing, it refuses nobody, so it makes nothing worse: HEALTHY.
 */
export function healthOf({ state, mode, admissionRatio }: BreakerStats, retryAfterMs: number | undefined, name: string | undefined): BreakerHealth {
  const breaker = name === undefined ? "breaker" : `breaker ${name}`;
  const is = `${breaker} is ${state}`;
  if (state === "isolated") return { status: "UNHEALTHY", reason: is };
  if (mode === "observing" && state !== "closed") return { status: "HEALTHY", reason: `${breaker} is observing, would be ${state}` };
  if (mode !== "auto") return { status: "HEALTHY", reason: is };
  if (state === "open") return { status: "UNHEALTHY", reason: `${is} ${until(retryAfterMs)}` };
  if (state === "half-open") return { status: "DEGRADED", reason: is };
  if (admissionRatio === 1) return { status: "HEALTHY", reason: is };
  return { status: "DEGRADED", reason: `${is} and lets in ${Math.round(100 * admissionRatio)} % of the calls` };
}

function until(retryAfterMs = 0): string {
  return retryAfterMs === Infinity ? "until it is reset" : `for another ${Math.ceil(retryAfterMs)} ms`;
}
