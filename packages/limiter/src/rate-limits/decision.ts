/** What a limit says to one request, and what it could say next. */
export interface Decision {
  readonly allowed: boolean;
  /** What may be taken at once after a pause. Of several limits in one: of the one with the least left; the window too. */
  readonly limit: number;
  /** The time that it is for, in ms. */
  readonly windowMs: number;
  /** What can be taken now, after this decision; never negative. */
  readonly remaining: number;
  /** 0 when it is allowed; otherwise after how many ms it will be, if nobody else comes. Infinity: never. */
  readonly retryAfterMs: number;
  /** After how many ms everything is as at first. */
  readonly resetAfterMs: number;
}
