// What undici says of options that are none, of clients that were closed, and of what somebody aborted: no server has any part in it.
const codes: ReadonlySet<unknown> = new Set([
  "ERR_INVALID_URL",
  "UND_ERR_INVALID_ARG",
  "UND_ERR_NOT_SUPPORTED",
  "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH",
  "UND_ERR_ABORTED",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
]);

/** Whether an error of undici's was this side's doing. */
export function isCallersFault(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && codes.has(error.code);
}
