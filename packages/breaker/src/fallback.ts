import { withCause, type Call } from "@breakwater/core";

/** Makes an answer where there is none, from the error that stands in its place. */
export type Fallback<T> = (error: unknown, call: Call) => T | PromiseLike<T>;

/** What the fallback answers. If it fails in its turn, the error that it was called for is not lost. */
export async function rescue<T>(fallback: Fallback<T>, error: unknown, call: Call): Promise<T> {
  try {
    return await fallback(error, call);
  } catch (second) {
    throw withCause(second, error);
  }
}
