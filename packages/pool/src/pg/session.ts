import { ignore, insideOf, type PgClient, type PgInside } from "./client.ts";

/** `I` idle, `T` in a transaction, `E` in one that has failed: the status byte of PostgreSQL's ReadyForQuery message. */
export type TransactionStatus = "I" | "T" | "E";

/**
 * What the pool knows of one client, from before its connect until its end. How it works, and why.
 *
 * `pg` tells an `error` of a client to its listeners, and one that nobody listens to ends the process. So a listener is there before
 * anything can fail, and stays until `end`, after which a client says nothing more. Both events mean the same: never lend it again.
 *
 * Whether a query is being answered and whether a transaction is open is read from the client, which hears it from the server with
 * each answer. Where a client has no word for it the answer is undefined, and the careful thing is done.
 */
export class Session {
  readonly client: PgClient;
  /** A cancel was sent: one more query has to be answered before it is certain that it hits nothing. */
  isTainted = false;
  readonly #broken: (error: unknown) => void;
  readonly #inside: PgInside;
  #status: string | undefined = undefined;
  #hasEnded = false;
  readonly #waiting = new Set<() => void>();

  constructor(client: PgClient, broken: (error: unknown) => void) {
    this.client = client;
    this.#broken = broken;
    this.#inside = insideOf(client);
    client.on("error", broken);
    client.on("end", this.#end);
    // Older versions of pg do not keep the status. This comes before pg's own listener, and so before the query's callback.
    if (this.#inside.getTransactionStatus === undefined) this.#inside.connection?.on?.("readyForQuery", this.#noteStatus);
  }

  /** Undefined when it is not known. */
  get processId(): number | undefined {
    return this.#inside.processID ?? undefined;
  }

  /** Whether no query is being answered. Undefined where nobody can know. */
  get isIdle(): boolean | undefined {
    return this.#inside.readyForQuery;
  }

  get status(): TransactionStatus | undefined {
    const status = this.#inside.getTransactionStatus?.() ?? this.#status;
    return status === "I" || status === "T" || status === "E" ? status : undefined;
  }

  /**
   * Resolves when no query is being answered and none is queued: at once where that is so, or cannot be known. Rejects when the
   * connection ends before. To queue another query behind a running one instead is deprecated in `pg`.
   */
  async whenIdle(): Promise<void> {
    if (this.isIdle !== false) return;
    if (!this.#hasEnded) await new Promise<void>((resolve) => this.#wait(resolve));
    if (this.#hasEnded) throw new Error("Connection terminated while a query was running");
  }

  /** After DISCARD ALL: `pg` would go on using the names of statements that the server has forgotten. */
  forgetStatements(): void {
    const statements = this.#inside.connection?.parsedStatements ?? {};
    for (const name of Object.keys(statements)) Reflect.deleteProperty(statements, name);
  }

  /** Ends it without a word to the server, which may not be there to hear it. */
  cut(): void {
    const stream = this.#inside.connection?.stream;
    if (stream === undefined) this.client.end().catch(ignore);
    else stream.destroy();
  }

  /** Stops listening. Only for a client that has ended. */
  leave(): void {
    this.client.off?.("error", this.#broken);
    this.client.off?.("end", this.#end);
    this.#inside.connection?.off?.("readyForQuery", this.#noteStatus);
  }

  /** Until nothing is left to be answered, or will ever be. */
  #wait(resolve: () => void): void {
    const settle = (): void => {
      this.#inside.off?.("drain", settle);
      this.#waiting.delete(settle);
      resolve();
    };
    this.#inside.on("drain", settle);
    this.#waiting.add(settle);
  }

  readonly #end = (): void => {
    this.#hasEnded = true;
    for (const settle of this.#waiting) settle();
    this.leave();
    this.#broken(new Error("Connection terminated"));
  };

  readonly #noteStatus = ({ status }: { readonly status?: string }): void => {
    this.#status = status;
  };
}
