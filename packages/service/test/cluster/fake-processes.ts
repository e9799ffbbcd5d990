import type { ToWorker } from "../../src/cluster/messages.ts";
import type { ProcessListener, WorkerProcess } from "../../src/cluster/worker-process.ts";

/** A worker's process, whose doings the test decides. */
export class FakeProcess implements WorkerProcess {
  readonly id: number;
  readonly pid: number;
  readonly heard: string[] = [];
  isAlive = true;
  /** Whether it ends when it is told to stop. */
  obeys = true;
  /** Whether not even a SIGKILL ends it, as in a process that the system holds. */
  isHeld = false;
  readonly #listener: ProcessListener;

  constructor(id: number, listener: ProcessListener) {
    this.id = id;
    this.pid = 1_000 + id;
    this.#listener = listener;
  }

  send({ type }: ToWorker): void {
    this.heard.push(type);
    if (this.obeys && type === "stop") this.end(0);
  }

  /** It has stopped, and is about to exit. */
  stopped(): void {
    if (this.isAlive) this.#listener.received("stopped");
  }

  kill(signal: NodeJS.Signals): void {
    this.heard.push(signal);
    if (!this.isHeld) this.end(null, signal);
  }

  /** It has come to listen. */
  hello(): void {
    if (this.isAlive) this.#listener.received("hello");
  }

  ready(): void {
    if (this.isAlive) this.#listener.received("ready");
  }

  /** Its channel to the primary closes, and it goes on. */
  disconnect(): void {
    if (this.isAlive) this.#listener.disconnected();
  }

  end(code: number | null, signal: NodeJS.Signals | null = null): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.#listener.ended(code, signal);
  }
}

/** All that were made. */
export class FakeProcesses {
  readonly all: FakeProcess[] = [];
  /** What becomes of one that was just made. Default: nothing yet. */
  made: (process: FakeProcess) => void = () => undefined;

  readonly fork = (listener: ProcessListener): FakeProcess => {
    const process = new FakeProcess(this.all.length + 1, listener);
    this.all.push(process);
    queueMicrotask(() => this.made(process));
    return process;
  };

  get alive(): FakeProcess[] {
    return this.all.filter(({ isAlive }) => isAlive);
  }

  /** The n-th that was made, from 1. */
  at(id: number): FakeProcess {
    const process = this.all[id - 1];
    if (process === undefined) throw new Error(`${this.all.length} were made`);
    return process;
  }
}
