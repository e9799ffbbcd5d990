import { isConnectionError } from "@breakwater/pool/pg";
import { expect, it } from "vitest";

const withCode = (code: string): Error => Object.assign(new Error(code), { code });

it("an error of the socket, or the server's word that it ends the connection, is one", () => {
  for (const code of ["ECONNRESET", "EPIPE", "ETIMEDOUT", "08006", "08P01", "57P01", "57P02", "57P03", "57P05"]) {
    expect(isConnectionError(withCode(code)), code).toBe(true);
  }
  for (const message of ["Connection terminated unexpectedly", "Connection terminated", "Client was closed and is not queryable", "Query read timeout"]) {
    expect(isConnectionError(new Error(message)), message).toBe(true);
  }
});

it("an error of SQL, a cancelled query and anything else is none", () => {
  for (const code of ["23505", "42P01", "57014", "40001", "22012", "ERR_ASSERTION"]) expect(isConnectionError(withCode(code)), code).toBe(false);
  for (const error of [new Error("no rows"), "08006", undefined, null, { code: "08006" }]) expect(isConnectionError(error)).toBe(false);
});
