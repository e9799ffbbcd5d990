import { warn, widen, type Call, type Service } from "@breakwater/core";
import { NextError } from "./errors.ts";

/** What holds for all calls of one onion function. */
export interface TurnRules {
  readonly kind: string;
  readonly isReentrant: boolean;
  readonly detectsForgotten: boolean;
  hasWarned: boolean;
}

type Run<In, Out, C> = (input: In, call: C, next: (adds?: object) => Promise<Out>) => Promise<Out>;

/**
 * One call's way through one onion function.
 *
 * Where it is on its way stands in local variables of the call, so calls and positions share nothing. Written with closures and
 * `then`, because a class with an async method takes a third more time for the same.
 */
export function turn<In, Out, C extends Call>(rules: TurnRules, run: Run<In, Out, C>, inner: Service<In, Out, C>, input: In, call: C): Promise<Out> {
  let hasGone = false;
  let hasReturned = false;
  /** How many ways inward have not come back. Counted where a forgotten one is looked for. */
  let out = 0;

  const next = (adds?: object): Promise<Out> => {
    if (hasReturned) return Promise.reject(new NextError(rules.kind, "late"));
    if (hasGone && !rules.isReentrant) return Promise.reject(new NextError(rules.kind, "again"));
    hasGone = true;
    try {
      // Whoever is further in asked for what is added, so this is the call that it takes.
      const answer = promised(inner(input, adds === undefined ? call : widen(call, adds)));
      if (!rules.detectsForgotten) return answer;
      out += 1;
      // Handed on, so that a rejection which nobody hears stays one.
      return answer.finally(() => (out -= 1));
    } catch (error) {
      return Promise.reject(error);
    }
  };
  const returned = (answer: Out): Out => {
    hasReturned = true;
    if (out > 0) warnOnce(rules);
    return answer;
  };
  const failed = (error: unknown): never => {
    hasReturned = true;
    throw error;
  };

  try {
    return promised(run(input, call, next)).then(returned, failed);
  } catch (error) {
    hasReturned = true;
    return Promise.reject(error);
  }
}

/** A native promise stays what it is; a thenable is followed as one, and so is a plain value from JavaScript. */
function promised<T>(answer: Promise<T>): Promise<T> {
  return answer instanceof Promise ? answer : Promise.resolve(answer);
}

function warnOnce(rules: TurnRules): void {
  if (rules.hasWarned) return;
  rules.hasWarned = true;
  warn(new Error(`${rules.kind} returned before what is further in had settled: is an await or a return of next() missing?`));
}
