import { isThenable } from "@breakwater/core";
/**
 * Calls a function of the user's, which may answer, promise, throw, reject or never settle. Exactly one of `ok` and
 * `failed` is called, in this very turn when the function did not answer with a promise; neither when it never settles.
 */
export function attempt<T>(work: () => T | PromiseLike<T>, ok: (value: T) => void, failed: (error: unknown) => void): void {
  let answer: Awaitable<T>;
  try {
    answer = settledOrPromise(work());
  } catch (error) {
    failed(error);
    return;
  }
  if (answer.promise === undefined) ok(answer.value);
  else answer.promise.then(ok, failed);
}

type Awaitable<T> =
  | { readonly promise: Promise<T> }
  | { readonly promise: undefined; readonly value: T };

function settledOrPromise<T>(answer: T | PromiseLike<T>): Awaitable<T> {
  // Promise.resolve protects from a thenable that calls back at once, twice, or throws.
  return isThenable(answer) ? { promise: Promise.resolve(answer) } : { promise: undefined, value: answer };
}
