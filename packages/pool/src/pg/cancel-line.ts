import { ignore, type PgClient } from "./client.ts";
import { Session } from "./session.ts";

const cancel = "SELECT pg_cancel_backend($1) AS is_sent";

/**
 * The connection through which running queries are cancelled. There is one at most, which lives as long as somebody cancels: when a
 * hundred callers leave at once, that is one connection more than `max` and not twice as many. It is asked one thing at a time.
 */
export class CancelLine {
  readonly session: Session;
  /** Who uses it. Changes only in Canceller. */
  users = 0;
  /** It failed, and answers nobody any more. */
  isBroken = false;
  readonly #connected: Promise<unknown>;
  /** Settles when the latest question is answered. */
  #turn: Promise<unknown>;

  constructor(client: PgClient) {
    this.session = new Session(client, ignore);
    this.#turn = this.#connected = client.connect();
  }

  /** Sends that process the signal, if that is still wanted when its turn comes. */
  ask(processId: number, isWanted: () => boolean): Promise<void> {
    const answered = this.#ask(this.#turn, processId, isWanted);
    this.#turn = answered;
    return answered;
  }

  async #ask(before: Promise<unknown>, processId: number, isWanted: () => boolean): Promise<void> {
    let answer: unknown;
    try {
      await before.catch(ignore);
      await this.#connected;
      if (!isWanted()) return;
      answer = await this.session.client.query(cancel, [processId]);
    } catch (error) {
      this.isBroken = true;
      throw error;
    }
    if (isRefusal(answer)) throw new Error(`the server has no process ${processId} to cancel`);
  }
}

/** The server has no such process: behind PgBouncer and its like the number is the proxy's own. */
function isRefusal(answer: unknown): boolean {
  const { rows } = (answer ?? {}) as { readonly rows?: readonly { readonly is_sent?: unknown }[] }; // pg's Result, or anything of a fake's
  return rows?.[0]?.is_sent === false;
}
