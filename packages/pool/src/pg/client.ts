/** What the pool needs of a client; `Client` of the package `pg`, 8.11 or newer, is one. */
export interface PgClient {
  connect(): Promise<unknown>;
  query(text: string, values?: unknown[]): Promise<unknown>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  off?(event: "error", listener: (error: Error) => void): unknown;
  off?(event: "end", listener: () => void): unknown;
}

/** What else there is in `pg`'s Client, with versions in which there is not: never relied upon, always asked. */
export interface PgInside {
  /** The number of the server's process. */
  readonly processID?: number | null;
  /** False while a query is being answered; undefined before the first. */
  readonly readyForQuery?: boolean;
  readonly connection?: PgWire;
  getTransactionStatus?(): string | null;
  on(event: "drain", listener: () => void): unknown;
  off?(event: "drain", listener: () => void): unknown;
}

/** The level below: one message of the protocol is one event. */
export interface PgWire {
  readonly stream?: { destroy(): unknown };
  /** By name, the statements that the server is believed to know. */
  readonly parsedStatements?: Record<string, unknown>;
  on?(event: "readyForQuery", listener: (message: { readonly status?: string }) => void): unknown;
  off?(event: "readyForQuery", listener: (message: { readonly status?: string }) => void): unknown;
}

export function insideOf(client: PgClient): PgInside {
  return client as PgClient & PgInside; // a client that has an `on` and whatever else is optional
}

export function ignore(): void {
  // that it has ended is known
}
