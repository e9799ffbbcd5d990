import type { Line } from "../borrowing/line.ts";
import type { PoolStats } from "../stats.ts";
import type { Supply } from "./supply.ts";

/** Counts what is where in a pool at this moment. */
export function survey<R>(supply: Supply<R>, idle: number, line: Line<R>, reused: number): PoolStats {
  const { creator, destroyer, existing, slots, validating, validator, resetting, resetter } = supply;
  return {
    size: slots.size,
    idle,
    busy: existing - idle - validating - resetting,
    validating,
    resetting,
    creating: creator.creating + creator.overdue,
    destroying: destroyer.destroying,
    waiting: line.size,
    isDown: supply.isDown,
    created: creator.created,
    reused,
    createFailures: creator.failures,
    validateFailures: validator?.failures ?? 0,
    resetFailures: resetter?.failures ?? 0,
    destroyed: destroyer.destroyed,
    destroyedBecause: { ...destroyer.destroyedBecause },
    destroyFailures: destroyer.failures,
    timeouts: line.timeouts,
    shed: line.shed,
  };
}
