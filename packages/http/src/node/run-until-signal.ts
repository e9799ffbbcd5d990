import { constants } from "node:os";
import { checkFunction, warn } from "@breakwater/core";
import { checkParts, drain, type DrainOptions, type DrainReport, type Part } from "./parts.ts";
import { checkStopOptions } from "./stop-options.ts";

/** What is asked of `process`. */
export interface ProcessLike {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

export interface RunOptions extends DrainOptions {
  /** Which signals ask for a stop. Default SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /** Ends the process. Default `process.exit`: as PID 1 a process does not end by a signal's default, nor while something is left open. */
  readonly exit?: ((code: number) => void) | undefined;
  /** Where signals come from. Default `process`. */
  readonly process?: ProcessLike | undefined;
  /** Hears how it went just before the exit. Default: nobody. */
  readonly done?: ((report: RunReport) => void) | undefined;
}

export interface RunReport {
  /** 0: drained. 1: something was forced, failed or hung, or the start failed. 128 + n: a second signal, of number n, came. */
  readonly exitCode: number;
  /** Which signal asked for the stop; undefined when the start failed. */
  readonly signal: NodeJS.Signals | undefined;
  /** Why the start failed. */
  readonly error?: unknown;
  /** Undefined when a second signal came first. */
  readonly drain: DrainReport | undefined;
}

/**
 * The life of a process: starts the parts in this order, waits for a signal, stops them as `drain` does, and exits.
 *
 * A signal during the start stops what was started and the part that is starting, whose own stop must cancel its start. A start
 * that fails stops what came before it. A second signal does not wait: `force` of each part, then the exit. Resolves when `exit`
 * has been called, which matters only where that does not end the process; never rejects.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function runUntilSignal(parts: readonly Part[], options: RunOptions = {}): Promise<RunReport> {
  checkParts(parts);
  checkStopOptions(options);
  for (const name of ["exit", "done"] as const) if (options[name] !== undefined) checkFunction(name, options[name]);
  return new Run([...parts], options).run();
}

class Run {
  readonly #parts: readonly Part[];
  readonly #options: RunOptions;
  readonly #process: ProcessLike;
  readonly #listeners: readonly (readonly [NodeJS.Signals, () => void])[];
  /** Those whose start was called. */
  readonly #started: Part[] = [];
  #signal: NodeJS.Signals | undefined = undefined;
  #asked!: () => void;
  #forced!: (code: number) => void;
  readonly #first = new Promise<void>((resolve) => (this.#asked = resolve));
  readonly #second = new Promise<number>((resolve) => (this.#forced = resolve));

  constructor(parts: readonly Part[], options: RunOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#process = options.process ?? process;
    const { signals = ["SIGTERM", "SIGINT"] } = options;
    this.#listeners = signals.map((signal) => [signal, () => this.#heard(signal)] as const);
  }

  async run(): Promise<RunReport> {
    for (const [signal, listener] of this.#listeners) this.#process.on(signal, listener);
    const report = await Promise.race([this.#live(), this.#second.then((exitCode): RunReport => ({ exitCode, signal: this.#signal, drain: undefined }))]);
    for (const [signal, listener] of this.#listeners) this.#process.off(signal, listener);
    try {
      this.#options.done?.(report);
    } catch (error) {
      warn(error);
    }
    (this.#options.exit ?? process.exit)(report.exitCode);
    return report;
  }

  /** Asked anew each time: it changes while one waits. */
  #isAsked(): boolean {
    return this.#signal !== undefined;
  }

  async #live(): Promise<RunReport> {
    const failure = await Promise.race([this.#start(), this.#first]);
    if (failure === undefined) await this.#first;
    const report = await drain(this.#started, this.#options);
    const exitCode = failure === undefined && report.isDrained ? 0 : 1;
    return { exitCode, signal: this.#signal, drain: report, ...(failure === undefined ? {} : { error: failure.error }) };
  }

  /** Starts one after the other. Resolves with what went wrong. */
  async #start(): Promise<{ readonly error: unknown } | undefined> {
    for (const part of this.#parts) {
      if (this.#isAsked()) return undefined;
      this.#started.push(part);
      try {
        await part.start?.();
      } catch (error) {
        // One that did not start has nothing to stop; after a signal its stop is under way.
        if (this.#isAsked()) return undefined;
        this.#started.pop();
        return { error };
      }
    }
    return undefined;
  }

  #heard(signal: NodeJS.Signals): void {
    if (this.#signal === undefined) {
      this.#signal = signal;
      this.#asked();
      return;
    }
    for (const part of this.#started) {
      try {
        part.force?.();
      } catch {
        // the exit follows
      }
    }
    this.#forced(128 + constants.signals[signal]);
  }
}
