import type { Line } from "./line.ts";
import type { Supply } from "./supply.ts";

/** A pool at one moment. `idle`, `busy`, `validating`, `creating` and `destroying` add up to `size`. */
export interface PoolStats {
  /** Places taken of `max`. */
  readonly size: number;
  readonly idle: number;
  readonly busy: number;
  readonly validating: number;
  /** Creates in flight, those that timed out and still run included. */
  readonly creating: number;
  readonly destroying: number;
  /** Acquires in line. */
  readonly waiting: number;
  /** The rest counts since the pool was built. Resources created. */
  readonly created: number;
  /** Acquires that were served by a resource that had been there before. */
  readonly reused: number;
  readonly createFailures: number;
  readonly validateFailures: number;
  /** Resources given up for good, those whose destroy failed included. */
  readonly destroyed: number;
  readonly destroyFailures: number;
  /** Acquires that ran out of time. */
  readonly timeouts: number;
}

export function statsOf<R>(supply: Supply<R>, idle: number, line: Line<R>, reused: number): PoolStats {
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
