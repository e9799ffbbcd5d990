const mistakes = new WeakSet();

/** Says of an error that it is the caller's doing: a header that is none, a body that failed by itself. */
export function markMistake(error: unknown): void {
  if (typeof error === "object" && error !== null) mistakes.add(error);
}

/** Whether it is. It says nothing about the server, and sending the same again mends nothing. */
export function isMistake(error: unknown): boolean {
  return typeof error === "object" && error !== null && mistakes.has(error);
}
