// SQLSTATE: class 08 is about connections; 57P01 to 57P05 say that the server ends this one, or all.
const states = /^(08...|57P0[1-5])$/;

const socketCodes = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ENOTCONN", "ERR_STREAM_DESTROYED"]);

// What pg says in errors without a code.
const messages = /^(Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout|timeout expired)/;

/**
 * Whether this error of a query means that its connection is of no more use. An error of SQL, such as a violated constraint, does
 * not; nor does a cancelled query. A query that `pg` gave up waiting for does: it still runs.
 */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code: unknown = "code" in error ? error.code : undefined;
  if (typeof code === "string") return states.test(code) || socketCodes.has(code);
  return messages.test(error.message);
}
