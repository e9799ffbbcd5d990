import type { Counts } from "./tally.ts";

/** A plain snapshot. Each call that is not refused is one of `hits`, `stale` and `misses`. */
export interface CacheStats extends Counts {
  /** Values that are kept, those whose time is over too until somebody asks for them or they are evicted. */
  readonly entries: number;
  /** What they take, as `sizeOf` measures; 0 without it. */
  readonly bytes: number;
  /** Loads that can be joined now. */
  readonly inFlight: number;
  /** Whether the second level is left alone because it failed too often; false without one. */
  readonly isSecondLevelPaused: boolean;
}
