/** A snapshot for programs and tests. */
export interface LimiterStats {
  readonly limit: number;
  /** Sum of the weights admitted and not given back. Above the limit only after the limit was lowered. */
  readonly inUse: number;
  /** Callers in line, whatever they weigh. */
  readonly waiting: number;
  /** Permits granted since it was made, those of `run` and `layer` included. */
  readonly granted: number;
  /** Refusals since it was made. Aborts and a `tryAcquire` that found no room are none. */
  readonly rejected: number;
}
