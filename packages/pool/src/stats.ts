import type { DestroyReason } from "./events.ts";

/** A pool at one moment. `idle`, `busy`, `validating`, `resetting`, `creating` and `destroying` add up to `size`. */
export interface PoolStats {
  /** Places taken of `max`. */
  readonly size: number;
  readonly idle: number;
  readonly busy: number;
  readonly validating: number;
  readonly resetting: number;
  /** Creates in flight, those that timed out and still run included. */
  readonly creating: number;
  readonly destroying: number;
  /** Acquires in line. */
  readonly waiting: number;
  /** Creating fails and nothing is left that could serve: acquires are refused at once. */
  readonly isDown: boolean;
  /** The rest counts since the pool was built. Resources created. */
  readonly created: number;
  /** Acquires that were served by a resource that had been there before. */
  readonly reused: number;
  readonly createFailures: number;
  readonly validateFailures: number;
  readonly resetFailures: number;
  /** Resources given up for good, those whose destroy failed included. */
  readonly destroyed: number;
  /** The same by reason; a reason that never came is absent. */
  readonly destroyedBecause: Readonly<Partial<Record<DestroyReason, number>>>;
  readonly destroyFailures: number;
  /** Acquires that ran out of time. */
  readonly timeouts: number;
  /** Acquires that were given up because the line stood. */
  readonly shed: number;
}
