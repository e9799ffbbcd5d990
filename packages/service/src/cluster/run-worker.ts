import cluster from "node:cluster";
import { constants } from "node:os";
import { checkFunction, systemClock, warn } from "@breakwater/core";
import type { Metrics } from "@breakwater/metrics";
import { publishMetrics, type Publication } from "@breakwater/metrics/cluster";
import { unwrap, wrap, type ToPrimary } from "./messages.ts";
import { stopTimeoutVariable } from "./worker-process.ts";

/** What a worker runs. A service is one as it stands; with a front end, both in one. */
export interface WorkerProgram {
  /** Resolves when it takes requests. */
  start?(): unknown;
  /**
   * Lets what was accepted end, and resolves when nothing is left. It may come during the start, which it must end then. When it
   * answers with `isDrained: false`, or rejects, the exit code is 1.
   */
  stop?(): unknown;
  /** What the primary shows of it. Default: nothing. */
  readonly metrics?: Metrics | undefined;
}

/**
 * The life of a worker: starts, tells the primary that it is ready, stops when the primary says so or a SIGTERM comes, and exits.
 *
 * A SIGINT or SIGHUP it leaves to the primary: a terminal sends it to all of them. When the primary is gone, it lets what it has
 * accepted end, and exits. Where there is no primary, the same program runs alone, ends by SIGTERM or SIGINT, and by a
 * second one at once.
 *
 * Resolves when it takes requests. Rejects with the error of its start, which ends the process where nobody catches it, and the
 * primary starts another.
 */
export async function runWorker(program: WorkerProgram): Promise<void> {
  const given = program as Partial<WorkerProgram> | null | undefined; // what JavaScript may pass
  for (const step of ["start", "stop"] as const) if (given?.[step] !== undefined) checkFunction(step, given[step]);
  await new WorkerRun(program).start();
}

class WorkerRun {
  readonly #program: WorkerProgram;
  #publication: Publication | undefined = undefined;
  #isStopping = false;

  constructor(program: WorkerProgram) {
    this.#program = program;
  }

  async start(): Promise<void> {
    this.#listen();
    tellPrimary("hello");
    const { metrics } = this.#program;
    if (metrics !== undefined) this.#publication = publishMetrics(metrics);
    try {
      await this.#program.start?.();
    } catch (error) {
      // A stop has ended the start, and exits when it is done.
      if (this.#isAsked()) return await new Promise<never>(() => undefined);
      throw error;
    }
    if (!this.#isAsked()) tellPrimary("ready");
  }

  // Asked anew each time: it changes while one waits.
  #isAsked(): boolean {
    return this.#isStopping;
  }

  #listen(): void {
    const { worker } = cluster;
    const leave = (): void => {
      if (!this.#isStopping) void this.#stop();
    };
    if (worker === undefined) {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => this.#heardAlone(signal));
      return;
    }
    process.on("SIGTERM", () => {
      if (this.#isStopping && !process.connected) process.exit(128 + constants.signals.SIGTERM);
      leave();
    });
    for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
    process.on("message", (data: unknown) => {
      if (unwrap(data) === "stop") leave();
    });
    worker.on("disconnect", () => {
      // Node ends a worker whose primary is gone at once, unless it has left of its own accord.
      worker.exitedAfterDisconnect = true;
      systemClock.setTimer(() => process.exit(1), orphanMs());
      leave();
    });
  }

  // A primary would have killed a worker that hangs; here the second signal ends the wait.
  #heardAlone(signal: "SIGTERM" | "SIGINT"): void {
    if (this.#isStopping) process.exit(128 + constants.signals[signal]);
    void this.#stop();
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    let exitCode = 0;
    try {
      if (isNotDrained(await this.#program.stop?.())) exitCode = 1;
      await this.#publication?.stop(); // last: it tells what was counted until now
    } catch (error) {
      warn(error);
      exitCode = 1;
    }
    await farewell();
    // A warning is written in the next turn.
    setImmediate(() => process.exit(exitCode));
  }
}

/**
 * Asks the primary for its last word, and waits for it.
 *
 * Why: the primary accepts connections and hands them over through the channel. A server that closes tells the primary so, but
 * what it has handed over until it reads this is on its way, and a worker that reads it gives it back. One that has exited by then
 * does not: the connection belongs to nobody, and its client waits for ever. The channel keeps its order, so whoever has read
 * the answer to this has read, and given back, all of those. Of the requests that came while two workers were restarted fifteen
 * times, 5 of 9,294 hung without this, and with it none of 116,778 in eighty times.
 */
async function farewell(): Promise<void> {
  if (!cluster.isWorker || !process.connected) return;
  await new Promise<void>((resolve) => {
    process.on("message", (data: unknown) => {
      if (unwrap(data) === "bye") resolve();
    });
    process.on("disconnect", () => resolve());
    setTimeout(resolve, farewellMs);
    tellPrimary("stopped");
  });
}

// As long as its primary would have let it.
function orphanMs(): number {
  const { [stopTimeoutVariable]: given } = process.env;
  const ms = Number(given);
  return given !== undefined && ms >= 0 ? ms : 20_000;
}

/** A primary that does not answer for so long is in no state to. */
const farewellMs = 2_000;

// A primary that is gone is heard of as a disconnect, and not here.
function tellPrimary(type: ToPrimary["type"]): void {
  if (cluster.isWorker) process.send?.(wrap({ type }), undefined, undefined, () => undefined);
}

// A service's report says it so, and a server's.
function isNotDrained(report: unknown): boolean {
  return typeof report === "object" && report !== null && "isDrained" in report && report.isDrained === false;
}
