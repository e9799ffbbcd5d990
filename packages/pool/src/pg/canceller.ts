import type { Clock, Timer } from "@breakwater/core";
import { CancelLine } from "./cancel-line.ts";
import { ignore, type PgClient } from "./client.ts";
import { close } from "./connect.ts";
import type { Session } from "./session.ts";

/** When a signal is sent again. Long beside the time in which a server ends a query, short beside what a caller waits. */
const againAfterMs = 100;
/** What the connection for cancelling gets to end. */
const goodbyeMs = 1_000;

/**
 * Stops the query that a connection is answering. How it works, and why.
 *
 * PostgreSQL cancels by a signal to the process that serves a connection. It hits whatever that process is doing when it arrives, and is
 * lost when that is nothing. So it can miss in two ways:
 *
 * - *Too early.* The query is written, but the server has not begun it. So the signal is sent again every now and then, until the client
 *   has its answer and nothing more queued.
 * - *Too late.* The query ended by itself meanwhile. So nothing is sent for a connection that is known to be idle, the pool keeps the
 *   connection until the server has said that the signal is sent, and the reset then has a query of no consequence answered, which
 *   takes the blow if there still is one: see `isTainted`.
 *
 * Where that fails, or takes longer than it may, the connection is cut, so that the work which waits for its answer ends too. The server
 * finishes such a query by itself.
 *
 * Rejected: the protocol's own cancel request, which needs no login. pg has it, but undocumented, without TLS and without errors.
 */
export class Canceller {
  readonly #make: () => PgClient;
  readonly #clock: Clock;
  #line: CancelLine | undefined = undefined;

  constructor(make: () => PgClient, clock: Clock) {
    this.#make = make;
    this.#clock = clock;
  }

  /** Resolves when the query has ended and no signal is on its way. Rejects when the connection had to be cut, after `patienceMs` at most. */
  async cancel(session: Session, patienceMs: number): Promise<void> {
    if (session.isIdle === true) return;
    const { processId } = session;
    let line: CancelLine | undefined;
    let timer: Timer | undefined;
    try {
      if (processId === undefined) throw new Error("the connection has no process to cancel");
      line = this.#enter();
      const stop = new Stop(session, processId, line, this.#clock);
      timer = this.#clock.setTimer(() => stop.giveUp(), patienceMs);
      await stop.run();
    } catch (error) {
      session.cut();
      throw error;
    } finally {
      timer?.cancel();
      this.#leave(line);
    }
  }

  #enter(): CancelLine {
    if (this.#line?.isBroken !== false) this.#line = new CancelLine(this.#make());
    this.#line.users += 1;
    return this.#line;
  }

  #leave(line: CancelLine | undefined): void {
    if (line === undefined) return;
    line.users -= 1;
    if (line.users > 0) return;
    if (this.#line === line) this.#line = undefined;
    if (line.isBroken) line.session.cut();
    else void close(line.session, this.#clock, goodbyeMs);
  }
}

/** One query that is being stopped. */
class Stop {
  readonly #session: Session;
  readonly #processId: number;
  readonly #line: CancelLine;
  readonly #clock: Clock;
  /** The query has its answer. */
  #isOver = false;
  #isAsking = false;

  constructor(session: Session, processId: number, line: CancelLine, clock: Clock) {
    this.#session = session;
    this.#processId = processId;
    this.#line = line;
    this.#clock = clock;
  }

  async run(): Promise<void> {
    const over = this.#session.whenIdle().finally(() => (this.#isOver = true));
    over.catch(ignore); // heard below, but perhaps later
    do await this.#signal(over);
    while (!(await this.#isWithin(over, againAfterMs)));
  }

  /** Until the server says that the signal is sent, or the query has ended before one was. */
  async #signal(over: Promise<unknown>): Promise<void> {
    this.#isAsking = true;
    const answered = this.#line.ask(this.#processId, this.#isWanted);
    await Promise.race([answered, over.then(() => (this.#mayBeHit ? answered : undefined))]);
    this.#isAsking = false;
  }

  /** A signal was sent, or may yet be: where nobody can know whether the query has ended, one is sent in any case. */
  get #mayBeHit(): boolean {
    return this.#session.isTainted || this.#session.isIdle === undefined;
  }

  /** It takes too long. Others may share the line, so it goes only if it is what hangs. */
  giveUp(): void {
    this.#session.cut();
    if (!this.#isAsking) return;
    this.#line.isBroken = true;
    this.#line.session.cut();
  }

  /** Asked just before a signal is sent. */
  readonly #isWanted = (): boolean => {
    const isWanted = !this.#isOver || this.#session.isIdle === undefined;
    if (isWanted) this.#session.isTainted = true;
    return isWanted;
  };

  async #isWithin(over: Promise<unknown>, ms: number): Promise<boolean> {
    let timer: Timer | undefined;
    const late = new Promise<boolean>((resolve) => (timer = this.#clock.setTimer(() => resolve(false), ms)));
    try {
      return await Promise.race([over.then(() => true), late]);
    } finally {
      timer?.cancel();
    }
  }
}
