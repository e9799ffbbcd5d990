/** What a waiter waits for, and for how long. */
export interface Ask {
  readonly weight: number;
  /** When it joined, in the clock's ms, if somebody wants to know; otherwise 0. */
  readonly since: number;
  /** How long it may wait, in ms. */
  readonly timeoutMs: number;
  /** The earlier of timeout and deadline, in the clock's ms. */
  readonly endsAt: number;
  /** Which of the two that is. */
  readonly endsBy: "timeout" | "deadline";
}

export function askOf(weight: number, timeoutMs: number, deadlineAt: number | undefined, since: number): Ask {
  const timeoutAt = since + timeoutMs;
  return deadlineAt !== undefined && deadlineAt < timeoutAt
    ? { weight, since, timeoutMs, endsAt: deadlineAt, endsBy: "deadline" }
    : { weight, since, timeoutMs, endsAt: timeoutAt, endsBy: "timeout" };
}
