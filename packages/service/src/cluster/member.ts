import type { Clock, Timer } from "@breakwater/core";
import type { ToPrimary } from "./messages.ts";
import type { Fork, WorkerProcess } from "./worker-process.ts";

/** Where a worker is in its life. */
export type WorkerState = "starting" | "ready" | "stopping" | "gone";

/** How a worker ended. */
export interface WorkerExit {
  readonly id: number;
  readonly pid: number | undefined;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether it had said that it takes requests. */
  readonly wasReady: boolean;
  /** Whether it was told to stop. */
  readonly wasAsked: boolean;
  /** Whether the primary killed it: it did not become ready, or did not stop, in time. */
  readonly wasKilled: boolean;
}

/** How a worker stopped that was told to. */
export interface WorkerStopReport {
  readonly id: number;
  readonly pid: number | undefined;
  /** Whether it let everything end and said so by its exit code 0. */
  readonly isDrained: boolean;
  /** Whether it had to be killed. */
  readonly isForced: boolean;
  readonly durationMs: number;
}

/** After a SIGKILL a process is gone, unless the system itself holds it; nobody waits longer than that for it. */
const killMs = 2_000;

export interface MemberOptions {
  readonly clock: Clock;
  readonly generation: number;
  readonly readyTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly ready: (member: Member) => void;
  readonly ended: (member: Member, exit: WorkerExit) => void;
}

/**
 * One worker, as the primary knows it.
 *
 *     starting ----> ready ----> stopping ----> gone
 *        |  not ready in time: killed ----------^ ^
 *        +-------- it ends by itself -------------+   from any state
 *
 * Stopping is one that was told to, and one whose channel to the primary has closed.
 */
export class Member {
  readonly generation: number;
  /** Resolves with whether it became ready, when it did, or when it is clear that it will not. */
  readonly isReady: Promise<boolean>;
  readonly gone: Promise<WorkerExit>;
  readonly #process: WorkerProcess;
  readonly #clock: Clock;
  readonly #options: MemberOptions;
  #state: WorkerState = "starting";
  #readyAt: number | undefined = undefined;
  #wasAsked = false;
  #isForced = false;
  #timer: Timer | undefined;
  #stopping: Promise<WorkerStopReport> | undefined = undefined;
  #settleReady!: (isReady: boolean) => void;
  #settleGone!: (exit: WorkerExit) => void;

  constructor(fork: Fork, options: MemberOptions) {
    const { clock, generation, readyTimeoutMs } = options;
    this.generation = generation;
    this.#options = options;
    this.#clock = clock;
    this.isReady = new Promise((resolve) => (this.#settleReady = resolve));
    this.gone = new Promise((resolve) => (this.#settleGone = resolve));
    this.#timer = clock.setTimer(() => this.#giveUp(), readyTimeoutMs);
    this.#process = fork({
      received: (type) => this.#received(type),
      disconnected: () => this.#disconnected(),
      ended: (code, signal) => this.#end(code, signal),
    });
  }

  get id(): number {
    return this.#process.id;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** How long it has been ready; 0 while it is not. */
  get readyMs(): number {
    return this.#state === "ready" && this.#readyAt !== undefined ? this.#clock.now() - this.#readyAt : 0;
  }

  /** Tells it to stop, and kills it after `stopTimeoutMs`. A second call joins the first. Resolves when it is gone. */
  stop(): Promise<WorkerStopReport> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** Ends it at once. */
  kill(): void {
    if (this.#state === "gone" || this.#isForced) return;
    this.#isForced = true;
    this.#timer?.cancel();
    this.#settleReady(false);
    this.#timer = this.#clock.setTimer(() => this.#end(null, "SIGKILL"), killMs);
    this.#process.kill("SIGKILL");
  }

  async #stop(): Promise<WorkerStopReport> {
    const startedAt = this.#clock.now();
    if (this.#state !== "gone") this.#tell();
    const { id, pid, code } = await this.gone;
    return { id, pid, isDrained: code === 0, isForced: this.#isForced, durationMs: this.#clock.now() - startedAt };
  }

  #tell(): void {
    this.#wasAsked = true;
    this.#leave();
    if (!this.#isForced) this.#process.send({ type: "stop" });
  }

  // It hears nothing any more, and is handed no connection: a worker that takes this for a stop ends soon, and any other must not
  // stand there as one that is ready.
  #disconnected(): void {
    if (this.#state === "starting" || this.#state === "ready") this.#leave();
  }

  #leave(): void {
    this.#state = "stopping";
    if (this.#isForced) return; // its end is near, and the timer waits for that
    this.#settleReady(false);
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(() => this.kill(), this.#options.stopTimeoutMs);
  }

  // A worker that was told to stop while it loaded its program did not hear it: Node keeps no messages for a worker of a cluster.
  #received(type: ToPrimary["type"]): void {
    if (type === "stopped") this.#process.send({ type: "bye" });
    else if (this.#state === "stopping") this.#process.send({ type: "stop" });
    else if (type === "ready") this.#becameReady();
  }

  #becameReady(): void {
    if (this.#state !== "starting" || this.#isForced) return;
    this.#state = "ready";
    this.#readyAt = this.#clock.now();
    this.#timer?.cancel();
    this.#settleReady(true);
    this.#options.ready(this);
  }

  #giveUp(): void {
    if (this.#state === "starting") this.kill();
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#state === "gone") return;
    this.#state = "gone";
    this.#timer?.cancel();
    this.#settleReady(false);
    const { id, pid } = this;
    const exit = { id, pid, code, signal, wasReady: this.#readyAt !== undefined, wasAsked: this.#wasAsked, wasKilled: this.#isForced };
    this.#settleGone(exit);
    this.#options.ended(this, exit);
  }
}
