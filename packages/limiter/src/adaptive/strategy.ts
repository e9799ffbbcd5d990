/** A call that ended, and what was seen since the last one that was told. */
export interface Sample {
  /** When its work began and ended, in the clock's ms. Waiting in the limiter's own line is not in it. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** How much was in use when it began, itself included. */
  readonly inFlight: number;
  /** Whether it succeeded. A failure is a sign of overload: it was dropped, or came too late. */
  readonly isSuccess: boolean;
  /** Calls that ended since the last sample, this one included. At high rates not every call is timed. */
  readonly completed: number;
  /** How many of those failed. */
  readonly failed: number;
}

/**
 * Finds a limit from what calls show. It belongs to one limiter, is told of each sample in the order in which they ended,
 * and reads no clock: time stands in the samples.
 */
export interface LimitStrategy {
  /** The limit to begin with. */
  readonly initial: number;
  /** The limit from now on. The limiter rounds it down, and keeps it at 1 at least. */
  sample(sample: Sample): number;
}

/** Makes the strategy of one limiter, when that is constructed. */
export type StrategyPolicy = (random: () => number) => LimitStrategy;
