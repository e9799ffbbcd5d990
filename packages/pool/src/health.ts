import type { PoolStats } from "./stats.ts";

/** In the words of `@breakwater/health`. */
export interface PoolHealth {
  readonly status: "HEALTHY" | "DEGRADED" | "UNHEALTHY";
  /** For people. */
  readonly reason: string;
}

/**
 * Closed or down, it serves nobody: UNHEALTHY. Starved, it serves late: DEGRADED, when as many wait as there may be
 * resources, so that the last of them waits for a whole loan at least. A shorter line is what a pool is for: HEALTHY.
 */
export function healthOf({ isDown, busy, waiting }: PoolStats, max: number, isClosed: boolean, name: string | undefined): PoolHealth {
  const pool = name === undefined ? "pool" : `pool ${name}`;
  if (isClosed) return { status: "UNHEALTHY", reason: `${pool} is closed` };
  if (isDown) return { status: "UNHEALTHY", reason: `${pool} is down: creating fails, and nothing is left` };
  const usage = `${busy} of ${max} busy, ${waiting} waiting`;
  if (waiting >= max) return { status: "DEGRADED", reason: `${pool} is starved: ${usage}` };
  return { status: "HEALTHY", reason: `${pool}: ${usage}` };
}
