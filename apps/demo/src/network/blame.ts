import { isRejected, type Call } from "@breakwater/core";
import { StatusError } from "@breakwater/http";

/**
 * Asks a dependency. What goes wrong there is no fault of ours, and no secret: callers are told 503 and whose it was. Refusals,
 * timeouts and aborts speak for themselves.
 */
export async function blame<T>(dependency: string, work: () => Promise<T>, { signal }: Call): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isRejected(error) || signal?.aborted === true || isTimeout(error)) throw error;
    throw new StatusError(503, `${dependency} failed`, { reason: `${dependency}-failed`, cause: error });
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_TIMEOUT";
}
