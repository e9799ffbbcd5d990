/** What a waiter waits for, for how long, and on whose behalf. */
export interface Ask {
  readonly weight: number;
  /** 0 is the most important. */
  readonly priority: number;
  /** Whom it is counted under, where the queue is fair across keys. */
  readonly key: unknown;
  /** When it joined, in the clock's ms, if somebody wants to know; otherwise 0. */
  readonly since: number;
  /** How long it may wait, in ms. */
  readonly timeoutMs: number;
  /** The earlier of timeout and deadline, in the clock's ms. */
  readonly endsAt: number;
  /** Which of the two that is. */
  readonly endsBy: "timeout" | "deadline";
}
