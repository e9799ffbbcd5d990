/**
 * What an error says. Anything can be thrown, and this must not throw in turn. Node's refused connections have an empty
 * message and a code.
 */
export function textOf(error: unknown): string {
  try {
    if (typeof error !== "object" || error === null) return String(error);
    const { message, code, name } = error as { message?: unknown; code?: unknown; name?: unknown }; // any object may have them
    return [message, code, name].find((text) => typeof text === "string" && text !== "")?.toString() ?? "failed";
  } catch {
    return "failed";
  }
}
