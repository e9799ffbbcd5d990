import type { Clock } from "@breakwater/core";
import type { Canceller } from "./canceller.ts";
import { ignore } from "./client.ts";
import { isConnectionError } from "./connection-error.ts";
import type { Session } from "./session.ts";

/**
 * What is done to a connection before somebody else gets it. `rollback`: ends a transaction that was left open; free where there is
 * none. `discard`: that, and DISCARD ALL, which forgets settings, temporary tables, prepared statements, locks and LISTENs, for a round
 * trip each time. `none`: nothing is sent.
 */
export type ResetPolicy = "rollback" | "discard" | "none";

export interface ResetOptions {
  readonly policy: ResetPolicy;
  readonly canceller: Canceller;
  readonly clock: Clock;
  /** The pool's limit of a reset, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Puts a connection in order. The server says with each answer whether a transaction is open, so nothing is sent where none is, and
 * then the connection is handed on in this very turn.
 *
 * Queries that were left running or queued, under any policy, must not reach into the next borrower's session. They are waited for
 * rather than killed: mostly it is one that nobody cared to await, a line of a log for instance, which ends in a moment, and whose
 * writer would be surprised to lose it. After half of the time they are cancelled, so that the server does not work for nobody; when
 * that does not help the connection is cut, and the reset fails.
 */
export function resetConnection(session: Session, options: ResetOptions): void | Promise<void> {
  const isClean = session.isIdle !== false && !session.isTainted;
  if (!isClean || isToBeTold(session, options.policy)) return putInOrder(session, options);
}

function isToBeTold(session: Session, policy: ResetPolicy): boolean {
  return policy === "discard" || (policy === "rollback" && session.status !== "I");
}

async function putInOrder(session: Session, options: ResetOptions): Promise<void> {
  const { client } = session;
  const { policy } = options;
  if (session.isIdle === false) await finish(session, options);
  if (session.isTainted) await takeBlow(session);
  if (policy !== "none" && session.status !== "I") await client.query("ROLLBACK");
  if (policy !== "discard") return;
  await client.query("DISCARD ALL");
  session.forgetStatements();
}

async function finish(session: Session, { canceller, clock, timeoutMs }: ResetOptions): Promise<void> {
  let cancelled: Promise<void> | undefined;
  const cancel = (): void => {
    cancelled = canceller.cancel(session, 0.4 * timeoutMs);
    cancelled.catch(ignore); // heard below, but perhaps later
  };
  const timer = clock.setTimer(cancel, timeoutMs / 2);
  try {
    await session.whenIdle();
    await cancelled;
  } finally {
    timer.cancel();
  }
}

/** Any answer of the server will do, also that it was cancelled, or that the transaction has failed. */
async function takeBlow(session: Session): Promise<void> {
  await session.client.query("SELECT 1").catch(rethrowIfBroken);
  session.isTainted = false;
}

function rethrowIfBroken(error: unknown): void {
  if (isConnectionError(error)) throw error;
}
