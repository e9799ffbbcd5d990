/** Whether it has to be waited for. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  const canHaveMembers = (typeof value === "object" && value !== null) || typeof value === "function";
  return canHaveMembers && "then" in value && typeof value.then === "function";
}
