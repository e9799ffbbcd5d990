// RFC 9110, 9.2.2.
const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

/** Whether it may be done twice: by its method, or by an Idempotency-Key, by which the server knows one that it has done. */
export function isIdempotent(method: string, hasKey: () => boolean): boolean {
  return methods.has(method) || hasKey();
}
