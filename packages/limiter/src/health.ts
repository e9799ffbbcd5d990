import type { LimiterStats } from "./stats.ts";

/** In the words of `@breakwater/health`. */
export interface LimiterHealth {
  readonly status: "HEALTHY" | "DEGRADED" | "UNHEALTHY";
  /** For people. */
  readonly reason: string;
}

/**
 * Closed, it refuses everybody: UNHEALTHY. Full, it refuses the next one, but serves as many as it may: DEGRADED. A limiter
 * that lets wait, however many, does its work: HEALTHY.
 */
export function healthOf({ inUse, limit, waiting }: LimiterStats, isClosed: boolean, isFull: boolean, name: string | undefined): LimiterHealth {
  const limiter = name === undefined ? "limiter" : `limiter ${name}`;
  if (isClosed) return { status: "UNHEALTHY", reason: `${limiter} is closed` };
  const usage = `${inUse} of ${limit} in use, ${waiting} waiting`;
  if (isFull) return { status: "DEGRADED", reason: `${limiter} is full: ${usage}` };
  return { status: "HEALTHY", reason: `${limiter}: ${usage}` };
}
