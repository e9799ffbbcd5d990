import { Emitter, outcomeOfError, warn, increment, type Call } from "@breakwater/core";
import { TimeoutError, type TimeoutReason } from "./errors.ts";
import type { DeadlineEvents } from "./events.ts";
import { measuresOf, type Measures } from "./measures.ts";
import type { Settings } from "./options.ts";
import { SecondLook } from "./second-look.ts";
import type { DeadlineStats } from "./stats.ts";
import { TimeLine } from "./time-line.ts";

/** What all calls of one timeout or deadline share: rules, timer, counts, and who listens. */
export class Bounds {
  readonly settings: Settings;
  readonly reason: TimeoutReason;
  readonly timeLine: TimeLine;
  readonly secondLook: SecondLook;
  readonly emitter: Emitter<DeadlineEvents> = new Emitter<DeadlineEvents>();
  readonly counts: { -readonly [Count in keyof DeadlineStats]: number } = {
    running: 0,
    abandoned: 0,
    successes: 0,
    failures: 0,
    neutrals: 0,
    timeouts: 0,
    lateResults: 0,
    lateErrors: 0,
    rejections: 0,
    passed: 0,
  };
  readonly measures: Measures | undefined;

  constructor(settings: Settings, reason: TimeoutReason) {
    this.settings = settings;
    this.reason = reason;
    this.timeLine = new TimeLine(settings.clock);
    this.secondLook = new SecondLook(settings.clock);
    this.measures = measuresOf(settings.meter, reason, settings.name, () => this.counts.abandoned);
  }

  get now(): number {
    return this.settings.clock.now();
  }

  /** Whether a listener hears what a call's time being over leads to. */
  get isHeard(): boolean {
    return this.emitter.has("timedOut") || this.emitter.has("abandoned");
  }

  succeeded(): void {
    this.counts.successes += 1;
    if (this.measures !== undefined) increment(this.measures.calls.success);
  }

  /** The caller gets the work's own error. */
  failed(error: unknown, call: Call): void {
    if (outcomeOfError(error, call) === "neutral") {
      this.neutral();
    } else {
      this.counts.failures += 1;
      increment(this.measures?.calls.failure);
    }
  }

  /** The caller went away. */
  neutral(): void {
    this.counts.neutrals += 1;
    increment(this.measures?.calls.neutral);
  }

  timeoutError(timeoutMs: number): TimeoutError {
    return new TimeoutError({ timeoutMs, reason: this.reason, source: this.settings.name });
  }

  timedOut(error: TimeoutError): void {
    this.counts.timeouts += 1;
    increment(this.measures?.calls.timeout);
    if (!this.emitter.has("timedOut")) return;
    this.emitter.emit("timedOut", { reason: this.reason, timeoutMs: error.timeoutMs, error });
  }

  /** The grace is over. */
  abandoned(error: unknown): void {
    if (this.emitter.has("abandoned")) this.emitter.emit("abandoned", { graceMs: this.settings.graceMs, error });
  }

  lateResult(value: unknown, lateMs: number): void {
    this.counts.lateResults += 1;
    increment(this.measures?.late.result);
    if (this.settings.dispose !== undefined) dispose(this.settings.dispose, value);
    if (this.emitter.has("lateResult")) this.emitter.emit("lateResult", { value, lateMs });
  }

  lateError(error: unknown, lateMs: number): void {
    this.counts.lateErrors += 1;
    increment(this.measures?.late.error);
    if (this.emitter.has("lateError")) this.emitter.emit("lateError", { error, lateMs });
  }
}

// Nobody is left whom its error could reach.
function dispose(how: (value: unknown) => unknown, value: unknown): void {
  try {
    Promise.resolve(how(value)).catch(warn);
  } catch (error) {
    warn(error);
  }
}
