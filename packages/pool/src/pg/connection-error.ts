// SQLSTATE: class 08 is about connections; 57P01 to 57P05 say that the server ends this one, or all, 25P03 and 25P04 that it waited
// too long for a transaction's end.
const states = /^(08...|57P0[1-5]|25P0[34])$/;

// After these the server hangs up, whatever the state. It says them in its own language; the states above it says in any.
const severities: ReadonlySet<unknown> = new Set(["FATAL", "PANIC"]);

const socketCodes = new Set([
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "ENETUNREACH",
  "ENOTCONN",
  "EPIPE",
  "EPROTO",
  "ERR_SOCKET_CLOSED",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END",
  "ETIMEDOUT",
]);

// What pg says in errors without a code.
const messages = /^(Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout|timeout expired)/;

// Query builders wrap pg's error, some twice; a ring of causes must end somewhere.
const deepest = 5;

interface ErrorLike {
  readonly code?: unknown;
  readonly severity?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/**
 * Whether this error of a query, or the `cause` that it wraps, means that its connection is of no more use: an error of the socket,
 * SQLSTATE 08xxx, 57P01 to 57P05, 25P03 or 25P04, any other that the server calls fatal, and what `pg` says of a connection that has
 * ended. An error of SQL, such as a violated constraint, does not; nor does a cancelled query. A query that `pg` gave up waiting for
 * (`query_timeout`) does: it still runs.
 */
export function isConnectionError(error: unknown): boolean {
  let link = error;
  for (let depth = 0; depth < deepest && isErrorLike(link); depth += 1) {
    const { cause, code, message, severity } = link;
    if (severities.has(severity)) return true;
    if (typeof code === "string" && (states.test(code) || socketCodes.has(code))) return true;
    if (typeof code !== "string" && typeof message === "string" && messages.test(message)) return true;
    link = cause;
  }
  return false;
}

// Not `instanceof`: errors of a socket come from another realm where tests run in one of their own, as in Jest.
function isErrorLike(value: unknown): value is ErrorLike {
  return typeof value === "object" && value !== null && "message" in value;
}
