/** Where a failure arose: on our side of the line (no connection, a timeout), or in the dependency's answer (a 503). */
export type Fault = "local" | "remote";

/** Why a breaker opens, and what it had counted. */
export interface TripReport {
  /** One stable word for programs: `failure-ratio`, `consecutive-failures`, `slow-calls`. */
  readonly reason: string;
  /** Calls in the window. */
  readonly calls: number;
  /** How many of them were failures; of a trip for slow calls, slow. */
  readonly failures: number;
}

/**
 * The counters of one closed period: they start empty, and end with it. Neutral outcomes do not reach them. `now` is in ms,
 * and never goes back.
 */
export interface TripWindow {
  /** Counts a call that ended. `fault` says where a failure arose; of a success it says nothing. */
  record(isFailure: boolean, now: number, fault: Fault): void;
  /**
   * Counts a call as slow or fast, by one of the trip's `slowMs`: once for each of them, as slow the moment somebody sees that
   * it is, ended or not.
   */
  recordDuration?(isSlow: boolean, slowMs: number, now: number): void;
  /** Why to open, if there is a reason now. Asked after a failure, or a slow call, was counted: what is good opens nothing. */
  verdict(now: number): TripReport | undefined;
  /** Whether it holds no failure, so that forgetting it loses nothing. */
  isClean(now: number): boolean;
}

/**
 * When a closed breaker opens. A trip is a description, which any number of breakers may share: each makes a window of its own
 * from it, and a new one each time it closes, so that failures from before a break never count again.
 *
 * One of your own is an object with `createWindow`. A window that throws costs no caller its result: the error becomes a
 * process warning, and that call does not open the breaker.
 */
export interface Trip {
  readonly createWindow: () => TripWindow;
  /** From which durations on calls are to be counted as slow, in ms. Default none. */
  readonly slowMs?: readonly number[] | undefined;
  /** Whether windows look at `now`. Default true. One that does not saves each call the reading of a clock. */
  readonly readsClock?: boolean | undefined;
}
