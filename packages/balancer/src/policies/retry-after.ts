/** For how long an error asks to be left alone, in ms, at most so long: its `retryAfterMs`, if that is a number; else 0. */
export function retryAfterOf(error: unknown, maxMs: number): number {
  if (typeof error !== "object" || error === null) return 0;
  try {
    const { retryAfterMs } = error as { readonly retryAfterMs?: unknown }; // any error may have one
    return typeof retryAfterMs === "number" && retryAfterMs > 0 ? Math.min(retryAfterMs, maxMs) : 0;
  } catch {
    return 0; // a getter that throws says nothing
  }
}
