/**
 * How it works, and why.
 *
 * Two retries in one stack multiply: three attempts of three attempts are nine calls to a dependency that is down. So the inner one
 * marks the error with which it gave up, and the outer one lets such an error pass.
 *
 * The mark is not on the error, which may be frozen and is the caller's in any case, but in a WeakMap beside it, found through a registered
 * symbol, so that all copies of this module in a process share it (ESM beside CJS, two versions).
 *
 * One error object may be thrown many times, by a client that keeps it or a mock; a mark from an earlier call must not count. So marks
 * are numbered across the process, and a retry remembers before each attempt what the number was: a mark counts when it was made since.
 * What remains: of two calls at the same time that are thrown the same object, one may take the other's mark for its own.
 */
export type GiveUpReason = "attempts" | "budget" | "deadline" | "not-idempotent" | "fault";

/** Why a retry let an error through that it would have retried. */
export interface GiveUp {
  /**
   * - `attempts`: there were as many as there may be.
   * - `budget`: the budget was used up.
   * - `deadline`: the wait would have outlasted `deadlineAt` or `totalMs`, or did.
   * - `not-idempotent`: the work had been started, and must not be done twice.
   * - `fault`: a predicate, the backoff or the reader of Retry-After threw, or answered nonsense.
   */
  readonly reason: GiveUpReason;
  /** How often the work was started. */
  readonly attempts: number;
  /** The errors of the attempts before the last, oldest first, at most the last 100; only with `keepErrors`. */
  readonly errors?: readonly unknown[] | undefined;
}

interface Mark {
  readonly giveUp: GiveUp;
  readonly number: number;
}

interface Marks {
  /** How many there were in this process. */
  count: number;
  readonly byError: WeakMap<object, Mark>;
}

const marks = sharedMarks();

function sharedMarks(): Marks {
  const key = Symbol.for("@breakwater/retry.give-ups");
  const own: Marks = { count: 0, byError: new WeakMap() };
  try {
    // Whoever comes first puts it there; nobody else uses this symbol.
    const holder = globalThis as { [key]?: Marks };
    if (holder[key] === undefined) Object.defineProperty(holder, key, { value: own });
    return holder[key] ?? own;
  } catch {
    return own; // in a hardened program each copy keeps its own
  }
}

/** What to remember before an attempt: marks with a higher number were made since. */
export function giveUpCount(): number {
  return marks.count;
}

/** Marks an error. One that is no object cannot be marked. */
export function markGiveUp(error: unknown, giveUp: GiveUp): void {
  if (!isMarkable(error)) return;
  marks.count += 1;
  marks.byError.set(error, { giveUp, number: marks.count });
}

/** Why a retry gave up on this error, if one did: the outermost one that did, the last time. Undefined for errors that are no objects. */
export function giveUpOf(error: unknown): GiveUp | undefined {
  return isMarkable(error) ? marks.byError.get(error)?.giveUp : undefined;
}

/** The same, if it was since the count was so high. */
export function giveUpSince(error: unknown, count: number): GiveUp | undefined {
  const mark = isMarkable(error) ? marks.byError.get(error) : undefined;
  return mark !== undefined && mark.number > count ? mark.giveUp : undefined;
}

function isMarkable(error: unknown): error is object {
  return (typeof error === "object" && error !== null) || typeof error === "function";
}
