/** `I` idle, `T` in a transaction, `E` in one that has failed: the status byte of PostgreSQL's ReadyForQuery message. */
export type TransactionStatus = "I" | "T" | "E";

/** What the pool needs of a client; `Client` of the package `pg`, 8.11 or newer, is one. */
export interface PgClient {
  connect(): Promise<unknown>;
  query(text: string, values?: unknown[]): Promise<unknown>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
}

/** What else there is in `pg`'s Client, with versions in which there is not: never relied upon, always asked. */
interface Inside {
  readonly processID?: number | null;
  readonly readyForQuery?: boolean;
  readonly connection?: { readonly stream?: { destroy(): unknown } };
  getTransactionStatus?(): string | null;
  once?(event: "drain", listener: () => void): unknown;
}

function insideOf(client: PgClient): Inside {
  return client as PgClient & Inside; // all of it is optional
}

/** The number of the server's process; undefined when it is not known. */
export function processOf(client: PgClient): number | undefined {
  return insideOf(client).processID ?? undefined;
}

/**
 * Resolves when no query is being answered: at once where that is so, or cannot be known. Not when the connection breaks, which is
 * known by other means. To queue another query behind a running one instead is deprecated in `pg`.
 */
export async function whenIdle(client: PgClient): Promise<void> {
  const inside = insideOf(client);
  if (inside.readyForQuery !== false || inside.once === undefined) return;
  await new Promise<void>((resolve) => inside.once?.("drain", resolve));
}

/** Undefined when nobody can know. */
export function statusOf(client: PgClient): TransactionStatus | undefined {
  const status = insideOf(client).getTransactionStatus?.();
  return status === "I" || status === "T" || status === "E" ? status : undefined;
}

/** Ends it without a word to the server, which may not be there to hear it. */
export function cut(client: PgClient): void {
  const { stream } = insideOf(client).connection ?? {};
  if (stream === undefined) client.end().catch(ignore);
  else stream.destroy();
}

export function ignore(): void {
  // that it has ended is known
}
