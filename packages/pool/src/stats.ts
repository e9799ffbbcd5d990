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
