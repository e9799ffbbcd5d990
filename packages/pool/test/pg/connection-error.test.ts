import { isConnectionError } from "@breakwater/pool/pg";
import { expect, it } from "vitest";

const withCode = (code: string): Error => Object.assign(new Error(code), { code });

it("an error of the socket, or the server's word that it ends the connection, is one", () => {
  for (const code of ["ECONNRESET", "EPIPE", "ETIMEDOUT", "08006", "08P01", "57P01", "57P02", "57P03", "57P05", "25P03"]) {
    expect(isConnectionError(withCode(code)), code).toBe(true);
  }
  for (const message of ["Connection terminated unexpectedly", "Connection terminated", "Client was closed and is not queryable", "Query read timeout"]) {
    expect(isConnectionError(new Error(message)), message).toBe(true);
  }
});

it("so is whatever the server calls fatal, and what wraps one, in whichever realm it was made", () => {
  for (const severity of ["FATAL", "PANIC"]) expect(isConnectionError(Object.assign(new Error("no"), { code: "XX000", severity }))).toBe(true);
  const inner = new Error("the query failed", { cause: withCode("ECONNRESET") });
  expect(isConnectionError(new Error("the repository failed", { cause: inner }))).toBe(true);
  expect(isConnectionError(new Error("failed", { cause: withCode("23505") }))).toBe(false);
  const ring: { message: string; cause?: unknown } = { message: "ring" };
  ring.cause = ring;
  expect(isConnectionError(ring)).toBe(false);
  expect(isConnectionError({ message: "", code: "08006" })).toBe(true);
});

it("an error of SQL, a cancelled query and anything else is none", () => {
  for (const code of ["23505", "42P01", "57014", "40001", "22012", "ERR_ASSERTION"]) expect(isConnectionError(withCode(code)), code).toBe(false);
  for (const error of [new Error("no rows"), "08006", undefined, null, { code: "08006" }]) expect(isConnectionError(error)).toBe(false);
});
