import type { Call } from "@breakwater/core";

/** Makes an answer where there is none, from the error that stands in its place. */
export type Fallback<T> = (error: unknown, call: Call) => T | PromiseLike<T>;

/** What the fallback answers. If it fails in its turn, the error that it was called for is not lost. */
export async function rescue<T>(fallback: Fallback<T>, error: unknown, call: Call): Promise<T> {
  try {
    return await fallback(error, call);
  } catch (second) {
    if (second instanceof Error && second.cause === undefined && Object.isExtensible(second) && !leadsTo(error, second)) {
      Object.defineProperty(second, "cause", { value: error, writable: true, configurable: true });
    }
    throw second;
  }
}

// Longer chains of causes than that nobody reads, or they run in a circle already.
const links = 100;

/** Whether `error` is `other`, or has it among its causes, so that one as the cause of the other would make a circle. */
function leadsTo(error: unknown, other: Error): boolean {
  let link = error;
  for (let count = 0; count < links; count += 1) {
    if (link === other) return true;
    if (typeof link !== "object" || link === null || !("cause" in link)) return false;
    link = link.cause;
  }
  return true;
}
