/** A snapshot for programs and tests. The counts are since the object was made. */
export interface TimeoutStats {
  /** Pieces of work that were started and have not ended, those included that nobody waits for. */
  readonly running: number;
  /** Those of them whose caller has been answered already. */
  readonly abandoned: number;
  readonly successes: number;
  /** Errors of the work's own that callers got. */
  readonly failures: number;
  /** Calls whose caller went away, and refusals from within. */
  readonly neutrals: number;
  readonly timeouts: number;
  /** Values that nobody got. */
  readonly lateResults: number;
  /** Errors of the work's own that nobody got. */
  readonly lateErrors: number;
}

export interface DeadlineStats extends TimeoutStats {
  /** Calls for which too little time was left. */
  readonly rejections: number;
  /** Calls handed through untouched, because theirs was the tighter deadline, or none was asked for. Not in the other counts. */
  readonly passed: number;
}
