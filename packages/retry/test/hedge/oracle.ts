/** How a try of the model ends, after how long. */
export interface PlannedTry {
  readonly ms: number;
  readonly ending: "success" | "failure" | "fatal" | "refusal";
}

export interface PlannedCall {
  readonly startAt: number;
  readonly abortAt: number;
  readonly deadlineAt: number;
  /** As many as there may be. */
  readonly tries: readonly PlannedTry[];
}

export interface Plan {
  readonly delayMs: number;
  /** Hedges that the budget pays for, of all calls together. */
  readonly tokens: number;
  readonly calls: readonly PlannedCall[];
}

/** What became of a call: all times in ms, tries by their number from 1. */
export interface Course {
  /** `value 2`, `error 1`, `abort`. */
  readonly result: string;
  readonly settledAt: number;
  readonly startedAt: readonly number[];
  /** Tries that ran on when the call settled, and so must be told. */
  readonly aborted: readonly number[];
  readonly disposed: readonly number[];
}

interface Going {
  readonly planned: PlannedCall;
  readonly startedAt: number[];
  readonly aborted: number[];
  readonly disposed: number[];
  /** Of tries that have ended. */
  readonly ended: Set<number>;
  readonly errors: { readonly attempt: number; readonly ending: string }[];
  dueAt: number;
  mayHedge: boolean;
  result: string | undefined;
  settledAt: number;
}

interface Happening {
  readonly at: number;
  happen(): void;
}

/**
 * The naive model: all that can happen next is listed, the earliest happens, and so on. No promises, no signals, no timers; the
 * plan must be so that no two things happen at the same time, but for a delay of 0.
 */
export function courseOf({ delayMs, tokens, calls }: Plan): { readonly courses: readonly Course[]; readonly tokensLeft: number } {
  let left = tokens;
  const all: Going[] = calls.map((planned) => ({
    planned,
    startedAt: [],
    aborted: [],
    disposed: [],
    ended: new Set(),
    errors: [],
    dueAt: Infinity,
    mayHedge: true,
    result: undefined,
    settledAt: Infinity,
  }));

  const send = (going: Going, now: number): void => {
    going.startedAt.push(now);
    const dueAt = now + delayMs;
    going.dueAt = dueAt < going.planned.deadlineAt ? dueAt : Infinity;
  };
  const isRunning = ({ startedAt, ended }: Going): boolean => startedAt.length > ended.size;
  const settle = (going: Going, now: number, result: string): void => {
    going.result = result;
    going.settledAt = now;
    going.startedAt.forEach((_, index) => {
      if (!going.ended.has(index + 1)) going.aborted.push(index + 1);
    });
  };
  const hedge = (going: Going, now: number): boolean => {
    const isPossible = going.mayHedge && going.startedAt.length < going.planned.tries.length;
    if (!isPossible) return false;
    if (now >= going.planned.deadlineAt || left === 0) {
      going.mayHedge = false;
      return false;
    }
    left -= 1;
    send(going, now);
    return true;
  };
  const bestError = ({ errors }: Going): string => {
    const inOrder = [...errors].sort((a, b) => a.attempt - b.attempt);
    const best = inOrder.find(({ ending }) => ending === "failure") ?? inOrder[0];
    return `error ${best?.attempt ?? 0}`;
  };
  const end = (going: Going, attempt: number, now: number, ending: string): void => {
    going.ended.add(attempt);
    if (going.result !== undefined) {
      if (ending === "success") going.disposed.push(attempt);
      return;
    }
    if (ending === "success" || ending === "fatal") {
      settle(going, now, `${ending === "success" ? "value" : "error"} ${attempt}`);
      return;
    }
    going.errors.push({ attempt, ending });
    if (ending === "failure" && hedge(going, now)) return;
    if (!isRunning(going)) settle(going, now, bestError(going));
  };

  const next = (): Happening | undefined => {
    const list: Happening[] = [];
    for (const going of all) {
      const { planned, startedAt } = going;
      if (startedAt.length === 0) list.push({ at: planned.startAt, happen: () => send(going, planned.startAt) });
      else if (going.result === undefined) {
        const { dueAt } = going;
        const canHedge = going.mayHedge && startedAt.length < planned.tries.length;
        if (canHedge) list.push({ at: dueAt, happen: () => hedge(going, dueAt) });
        list.push({ at: planned.abortAt, happen: () => settle(going, planned.abortAt, "abort") });
      }
      startedAt.forEach((at, index) => {
        const attempt = index + 1;
        const { ms, ending } = planned.tries[index] ?? { ms: Infinity, ending: "success" };
        if (!going.ended.has(attempt)) list.push({ at: at + ms, happen: () => end(going, attempt, at + ms, ending) });
      });
    }
    return list.filter(({ at }) => at < Infinity).sort((a, b) => a.at - b.at)[0]; // a stable sort: who is due goes first
  };
  for (let happening = next(); happening !== undefined; happening = next()) happening.happen();

  const courses = all.map(({ result = "none", settledAt, startedAt, aborted, disposed }) => ({ result, settledAt, startedAt, aborted, disposed }));
  return { courses, tokensLeft: left };
}
