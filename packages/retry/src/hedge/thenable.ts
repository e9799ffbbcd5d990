/** Whether somebody has to wait for it. What its `then` throws when it is looked at passes through. */
export function isThenable(value: unknown): boolean {
  if (value instanceof Promise) return true;
  if (typeof value !== "object" && typeof value !== "function") return false;
  return typeof (value as { readonly then?: unknown } | null)?.then === "function";
}
