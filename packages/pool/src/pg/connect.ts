import type { Clock } from "@breakwater/core";
import type { CreateContext } from "../options.ts";
import { ignore, type PgClient } from "./client.ts";
import { Session } from "./session.ts";

/**
 * Connects a client. `pg` may take for ever, when the host drops packets or a password function never answers, and leaves the socket
 * open when the server refuses; so on an abort, and on a failure, the socket is destroyed, and the abort does not wait for `pg`.
 */
export async function open(client: PgClient, { signal, broken }: CreateContext): Promise<Session> {
  const session = new Session(client, broken);
  let abort: () => void = ignore;
  const aborted = new Promise<never>((_, reject) => (abort = () => reject(signal.reason)));
  aborted.catch(ignore); // where connect threw meanwhile, nobody hears it
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.race([client.connect(), aborted]);
    return session;
  } catch (error) {
    session.cut();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Says goodbye, and cuts the line where that takes longer than `patienceMs`: a socket that hangs must not stay. */
export async function close(session: Session, clock: Clock, patienceMs: number): Promise<void> {
  const timer = clock.setTimer(() => session.cut(), patienceMs);
  try {
    await session.client.end();
    session.leave();
  } catch {
    session.cut();
  } finally {
    timer.cancel();
  }
}
