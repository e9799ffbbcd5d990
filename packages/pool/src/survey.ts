import type { Line } from "./line.ts";
import type { PoolStats } from "./stats.ts";
import type { Supply } from "./supply.ts";

/** Counts what is where in a pool at this moment. */
export function survey<R>(supply: Supply<R>, idle: number, line: Line<R>, reused: number): PoolStats {
  const { creator, destroyer, existing, slots, validating, validator } = supply;
  return {
    size: slots.size,
    idle,
    busy: existing - idle - validating,
    validating,
    creating: creator.creating + creator.overdue,
    destroying: destroyer.destroying,
    waiting: line.size,
    created: creator.created,
    reused,
    createFailures: creator.failures,
    validateFailures: validator?.failures ?? 0,
    destroyed: destroyer.destroyed,
    destroyFailures: destroyer.failures,
    timeouts: line.timeouts,
  };
}
