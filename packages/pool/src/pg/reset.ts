import { statusOf, whenIdle, type PgClient } from "./client.ts";

/**
 * What is done to a connection before somebody else gets it. `rollback`: ends a transaction that was left open; free where there is
 * none. `discard`: that, and DISCARD ALL, which forgets settings, temporary tables, prepared statements, locks and LISTENs, for a round
 * trip each time. `none`: nothing.
 */
export type ResetPolicy = "rollback" | "discard" | "none";

/**
 * Puts a connection in order. The server says with each answer whether a transaction is open, so nothing is sent where none is.
 *
 * A query that is still running is waited for, so that it cannot reach into the next borrower's session; the pool gives the connection
 * up when that takes too long.
 */
export async function resetConnection(client: PgClient, policy: ResetPolicy): Promise<void> {
  await whenIdle(client);
  if (statusOf(client) !== "I") await client.query("ROLLBACK");
  if (policy === "discard") await client.query("DISCARD ALL");
}
