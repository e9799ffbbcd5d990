import { EventEmitter } from "node:events";

type Answer = (text: string, values: unknown[] | undefined) => unknown;

export const never: Promise<never> = new Promise<never>(() => undefined);

export const sqlError = (code: string, severity = "ERROR"): Error => Object.assign(new Error(code), { code, severity });

interface FakeWire {
  readonly stream: { destroy(): void };
  readonly parsedStatements: Record<string, unknown>;
}

/** Behaves as `pg`'s Client does in what the pool looks at; what the server does is said by the test. */
export class FakeClient extends EventEmitter {
  readonly processID = 4_711;
  readyForQuery: boolean | undefined = undefined;
  status: "I" | "T" | "E" = "I";
  isCut = false;
  isEnded = false;
  readonly queries: string[] = [];
  readonly values: unknown[] = [];
  readonly parsedStatements: Record<string, unknown> = {};
  readonly connection: EventEmitter & FakeWire = Object.assign(new EventEmitter(), {
    stream: { destroy: () => this.#cut() },
    parsedStatements: this.parsedStatements,
  });
  connects: () => Promise<unknown> = async () => undefined;
  ends: () => Promise<void> = async () => undefined;
  answers: Answer = () => undefined;
  #running = 0;

  async connect(): Promise<unknown> {
    await this.connects();
    this.readyForQuery = true;
    return this;
  }

  async query(text: string, values?: unknown[]): Promise<unknown> {
    this.queries.push(text);
    if (values !== undefined) this.values.push(...values);
    this.readyForQuery = false;
    this.#running += 1;
    try {
      return await this.answers(text, values);
    } finally {
      this.#running -= 1;
      if (text === "BEGIN") this.status = "T";
      if (text === "ROLLBACK") this.status = "I";
      if (this.#running === 0) this.#ready();
    }
  }

  getTransactionStatus(): string {
    return this.status;
  }

  async end(): Promise<void> {
    await this.ends();
    this.isEnded = true;
    this.emit("end");
  }

  /** How many listeners the pool has on it. */
  get listening(): number {
    return [this, this.connection].reduce((sum, emitter) => sum + emitter.eventNames().reduce((own, name) => own + emitter.listenerCount(name), 0), 0);
  }

  #ready(): void {
    this.readyForQuery = true;
    this.connection.emit("readyForQuery", { status: this.status });
    this.emit("drain");
  }

  #cut(): void {
    if (this.isCut) return;
    this.isCut = true;
    this.emit("end");
  }
}

/** A `pg` before getTransactionStatus: the status is in the message only. */
export class OldClient extends FakeClient {
  override getTransactionStatus = undefined as never; // it has none
}

/** A client of which only the public methods are known. */
export class PlainClient extends EventEmitter {
  readonly queries: string[] = [];
  ends = 0;

  async connect(): Promise<void> {
    // it is there
  }

  async query(text: string): Promise<void> {
    this.queries.push(text);
  }

  async end(): Promise<void> {
    this.ends += 1;
    this.emit("end");
  }
}
