/**
 * Keeps the error that another one came instead of: as the `cause` of the other, if that is an error which has none, can have
 * one, and does not lead to it already. Returns the other.
 */
export function withCause<E>(error: E, cause: unknown): E {
  try {
    if (error instanceof Error && error.cause === undefined && Object.isExtensible(error) && !leadsTo(cause, error)) {
      Object.defineProperty(error, "cause", { value: cause, writable: true, configurable: true });
    }
  } catch {
    // a getter that throws, or a property that is fixed: the other one is worth more than its cause
  }
  return error;
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
