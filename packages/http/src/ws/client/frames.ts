/**
 * What goes over the wire, as JSON: a request `{ id, input, deadlineMs? }`, its answer `{ id, output }` or `{ id, error }`, and
 * `{ id, cancel: true }` for a request whose answer nobody waits for any more. How long is left is relative, because clocks
 * differ. `{ goaway: true }` comes from a server that is about to close the connection and takes no more requests on it.
 */

/** @param text - the input as JSON; undefined when there is none */
export function requestFrame(id: number, text: string | undefined, remainingMs: number): string {
  const input = text === undefined ? "" : `,"input":${text}`;
  const left = remainingMs === Infinity ? "" : `,"deadlineMs":${Math.max(0, Math.floor(remainingMs))}`;
  return `{"id":${id}${input}${left}}`;
}

export function cancelFrame(id: number): string {
  return `{"id":${id},"cancel":true}`;
}

export type Reply = { readonly id: number; readonly output: unknown } | { readonly id: number; readonly error: unknown };

/** The frame that a message is, or undefined when it is none: a server may send other things on the same connection. */
export function frameOf(data: unknown): Reply | "goaway" | undefined {
  if (typeof data !== "string" || !data.startsWith("{")) return undefined;
  try {
    const message: unknown = JSON.parse(data);
    return isReply(message) ? message : isGoaway(message) ? "goaway" : undefined;
  } catch {
    return undefined;
  }
}

function isReply(message: unknown): message is Reply {
  if (typeof message !== "object" || message === null || !("id" in message)) return false;
  return typeof message.id === "number" && ("output" in message || "error" in message);
}

function isGoaway(message: unknown): boolean {
  return typeof message === "object" && message !== null && "goaway" in message && message.goaway === true && Object.keys(message).length === 1;
}

/** Whether the error of a reply says that the request was not begun because the server is leaving: it can go elsewhere, whatever it is. */
export function isDraining(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error) || !("reason" in error)) return false;
  return error.code === "ERR_WEBSOCKET_REJECTED" && error.reason === "draining";
}
