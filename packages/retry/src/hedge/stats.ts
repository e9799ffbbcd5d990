/** A snapshot for programs and tests. The counts are since the hedge was made. */
export interface HedgeStats {
  /** Calls that were started. */
  readonly calls: number;
  /** Tries beyond the first of each call: `hedges / calls` is the extra load. */
  readonly hedges: number;
  /** Calls that a hedge answered. */
  readonly hedgeWins: number;
  /** Hedges that the budget did not pay for. */
  readonly denials: number;
  /** Results that came after their call had settled. */
  readonly disposals: number;
  /** Tries that have not ended, those of settled calls included. */
  readonly running: number;
  /** How long a call would now wait for its hedge, in ms; undefined while too little was measured to say. */
  readonly delayMs: number | undefined;
}
