import { ignore, processOf, whenIdle, type PgClient } from "./client.ts";

/**
 * Stops the query that a connection is answering, as another connection can: through the server, by the number of its process.
 *
 * A cancel hits whatever that process is doing when it gets the signal. If the query ended by itself meanwhile, that may be the
 * next one. Therefore the connection answers a query of no consequence afterwards, which takes a blow that comes late; then it is free.
 */
export async function cancelQuery<C extends PgClient>(client: C, connect: () => C): Promise<void> {
  const pid = processOf(client);
  if (pid === undefined) throw new Error("the connection has no process to cancel");
  const other = connect();
  other.on("error", ignore);
  try {
    await other.connect();
    await other.query("SELECT pg_cancel_backend($1)", [pid]);
  } finally {
    other.end().catch(ignore);
  }
  await whenIdle(client);
  await client.query("SELECT 1").catch(rethrowUnlessCancelled);
}

function rethrowUnlessCancelled(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "57014")) throw error;
}
