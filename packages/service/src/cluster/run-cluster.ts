import { constants } from "node:os";
import { checkFunction, warn } from "@breakwater/core";
import type { Fleet } from "./fleet.ts";
import type { FleetStopReport } from "./reports.ts";

/** What is asked of `process`. */
export interface ProcessLike {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

export interface RunClusterOptions {
  /** Which signals ask for a stop. Default SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /** Which signal asks for a rolling restart; false for none. Default SIGHUP. */
  readonly restartSignal?: NodeJS.Signals | false | undefined;
  /** Ends the process. Default `process.exit`: as PID 1 a process does not end by a signal's default. */
  readonly exit?: ((code: number) => void) | undefined;
  /** Hears how it went just before the exit. Default: nobody. */
  readonly done?: ((report: RunClusterReport) => void) | undefined;
  /** Where signals come from. Default `process`. */
  readonly process?: ProcessLike | undefined;
}

export interface RunClusterReport {
  /** 0: all drained. 1: something was forced or failed, or none was left. 128 + n: a second signal, of number n, came. */
  readonly exitCode: number;
  /** Which signal asked for the stop. Undefined when none did. */
  readonly signal: NodeJS.Signals | undefined;
  /** Undefined when a second signal came first. */
  readonly stop: FleetStopReport | undefined;
}

/**
 * The life of a primary: starts the workers, restarts them one by one at a SIGHUP, stops them at a SIGTERM or SIGINT, and exits. A
 * second of these does not wait: it kills them. Resolves when `exit` has been called, which matters only where that does not
 * end the process; never rejects.
 *
 * @throws TypeError naming the option and the value.
 */
export function runCluster(fleet: Fleet, options: RunClusterOptions = {}): Promise<RunClusterReport> {
  for (const name of ["exit", "done"] as const) if (options[name] !== undefined) checkFunction(name, options[name]);
  return new Run(fleet, options).run();
}

class Run {
  readonly #fleet: Fleet;
  readonly #options: RunClusterOptions;
  readonly #process: ProcessLike;
  readonly #listeners: readonly (readonly [NodeJS.Signals, () => void])[];
  #signal: NodeJS.Signals | undefined = undefined;
  #forced!: (code: number) => void;
  readonly #second = new Promise<number>((resolve) => (this.#forced = resolve));

  constructor(fleet: Fleet, options: RunClusterOptions) {
    const { signals = ["SIGTERM", "SIGINT"], restartSignal = "SIGHUP" } = options;
    this.#fleet = fleet;
    this.#options = options;
    this.#process = options.process ?? process;
    const stops = signals.map((signal) => [signal, () => this.#heard(signal)] as const);
    // One that asks for both asks for a stop.
    this.#listeners = restartSignal === false || signals.includes(restartSignal) ? stops : [...stops, [restartSignal, this.#restart]];
  }

  async run(): Promise<RunClusterReport> {
    for (const [signal, listener] of this.#listeners) this.#process.on(signal, listener);
    void this.#fleet.start().catch(() => undefined); // a start that fails ends the fleet, and says why in its report
    const report = await Promise.race([this.#fleet.ended.then((stop) => this.#reportOf(stop)), this.#second.then((code) => this.#forcedBy(code))]);
    for (const [signal, listener] of this.#listeners) this.#process.off(signal, listener);
    try {
      this.#options.done?.(report);
    } catch (error) {
      warn(error);
    }
    await new Promise((resolve) => setImmediate(resolve)); // a warning is written in the next turn
    (this.#options.exit ?? process.exit)(report.exitCode);
    return report;
  }

  #reportOf(stop: FleetStopReport): RunClusterReport {
    if (stop.error !== undefined) warn(stop.error);
    return { exitCode: stop.isDrained ? 0 : 1, signal: this.#signal, stop };
  }

  #forcedBy(exitCode: number): RunClusterReport {
    return { exitCode, signal: this.#signal, stop: undefined };
  }

  #heard(signal: NodeJS.Signals): void {
    if (this.#signal === undefined) {
      this.#signal = signal;
      void this.#fleet.stop();
      return;
    }
    this.#forced(128 + constants.signals[signal]);
    this.#fleet.force();
  }

  readonly #restart = (): void => {
    this.#fleet.restart().then(
      ({ isComplete, reason, exit }) => {
        if (!isComplete) warn(new Error(`rolling restart gave up: ${reason}${exit === undefined ? "" : ` (worker ${exit.id}: ${exit.signal ?? exit.code})`}`));
      },
      warn,
    );
  };
}
