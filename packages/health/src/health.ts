import { Emitter, noCall, type Call, type Clock, type Guard, type Outcome, type Unsubscribe, type Work } from "@breakwater/core";
import { Alarm } from "./alarm.ts";
import { CallWatch } from "./call-watch.ts";
import { CheckList } from "./check-list.ts";
import { ErrorRate } from "./error-rate.ts";
import type { HealthEvents } from "./events.ts";
import { Measures } from "./measures.ts";
import { readOptions, type HealthOptions } from "./options.ts";
import { reasonOf, type HealthReport } from "./report.ts";
import { statusOf, type HealthStatus } from "./status.ts";

/**
 * The shell round three parts that decide: the windowed error rate, the checks, and how their verdicts become one.
 *
 * The status changes by a sample, by the result of a check, or by time alone, when old samples leave the window or a
 * result goes stale. The first two are noticed as they happen, and reading looks at the clock. What is left is time
 * that passes while nobody calls: only a listener of `changed` can miss it, so only while there is one does a timer
 * stand at the next such moment. The same timer polls the checks after `start`. It never keeps the process alive.
 *
 * The record path costs a reading of the clock and little else. The reading cannot be put off: samples without a time
 * could not be told apart once a gap has passed. It can be shared, as the second argument of `record`.
 *
 * What is noticed does not depend on who looks: see error-rate.ts. Who looks only decides how soon.
 */

/** A moment's figures, for programs and tests. */
export interface HealthStats {
  readonly status: HealthStatus;
  /** Share of failures in the window; 0 while there are no calls. */
  readonly errorRate: number;
  /** Calls in the window, neutral ones not counted. */
  readonly total: number;
  readonly failures: number;
  /** Changes of the status since the object was built. */
  readonly transitions: number;
  /** Checks that are running. */
  readonly checking: number;
}

/** Tells from its recent calls and its dependencies how well something is. */
export class Health {
  readonly name: string | undefined;
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #rate: ErrorRate;
  readonly #checks: CheckList;
  readonly #watch: CallWatch;
  readonly #alarm: Alarm;
  readonly #measures: Measures;
  readonly #events = new Emitter<HealthEvents>();
  #mode: "new" | "polling" | "stopped" = "new";
  #status: HealthStatus = "UNKNOWN";
  #transitions = 0;

  /** @throws TypeError or RangeError, naming the option and the value. */
  constructor(options: HealthOptions = {}) {
    const { name, clock, windowMs, limits, checks, classify, meter } = readOptions(options);
    this.name = name;
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#rate = new ErrorRate(windowMs, limits);
    this.#checks = new CheckList(checks, clock, this.#landed);
    this.#watch = new CallWatch(classify, (outcome) => this.record(outcome));
    this.#alarm = new Alarm(clock, this.#wake);
    this.#measures = new Measures(meter, name, () => this.status);
  }

  /** The worst of the window's verdict and the checks' last results. Asks nobody; to ask first, use {@link check}. */
  get status(): HealthStatus {
    this.#evaluate(this.#clock.now());
    return this.#status;
  }

  /** The status, with what made it so. Plain data, a new object each time. */
  get report(): HealthReport {
    const now = this.#clock.now();
    this.#evaluate(now);
    return {
      status: this.#status,
      reason: this.#reasonAt(now),
      errorRate: this.#rate.ratio,
      total: this.#rate.total,
      failures: this.#rate.failures,
      checks: this.#checks.reportAt(now),
    };
  }

  get stats(): HealthStats {
    this.#evaluate(this.#clock.now());
    return {
      status: this.#status,
      errorRate: this.#rate.ratio,
      total: this.#rate.total,
      failures: this.#rate.failures,
      transitions: this.#transitions,
      checking: this.#checks.running,
    };
  }

  /**
   * Counts the outcome of one call. Neutral ones are not counted at all, neither as calls nor as failures.
   *
   * `now` is a reading of the same clock, for a caller that just took one; left out, the clock is read here.
   */
  record(outcome: Outcome, now?: number): void {
    if (outcome !== "failure" && outcome !== "success") return;
    const at = now ?? this.#clock.now();
    const before = this.#rate.verdict;
    const isFirst = this.#rate.add(outcome === "failure", at);
    if (this.#rate.verdict !== before) this.#evaluate(at);
    if (isFirst) this.#plan();
  }

  /** Does the work and counts how it went. Result and error pass through untouched. */
  run<T>(work: Work<T>, call: Call = noCall): Promise<T> {
    return this.#watch.run(work, call);
  }

  /** Counts every call that passes, as {@link run} does. */
  get layer(): Guard {
    return this.#watch.layer;
  }

  /**
   * Runs all checks at the same time and reports. A check that is running already is joined, not run again. Never
   * rejects, and takes no longer than the longest `timeoutMs`.
   */
  async check(): Promise<HealthReport> {
    await this.#checks.run();
    return this.report;
  }

  /** Runs all checks now, and each again `intervalMs` after its last result. Does nothing when it polls already. */
  start(): void {
    if (this.#mode === "polling") return;
    this.#mode = "polling";
    void this.#checks.run();
    this.#plan();
  }

  /**
   * Ends the polling, and abandons the checks that are running: their signals abort, their answers are ignored, whoever
   * awaits them gets the report as it stands. No timer is left, and until the next {@link start} none is set but for the
   * timeouts of {@link check}: calls, checks and readers still notice changes, time alone does not. Everything else
   * works on. Stopping twice does nothing.
   */
  stop(): void {
    this.#mode = "stopped";
    this.#checks.abandon();
    this.#plan();
  }

  /** `changed`: the status is another one, for whatever reason, the passing of time included. */
  on<Type extends keyof HealthEvents>(type: Type, listener: (event: HealthEvents[Type]) => void): Unsubscribe {
    const unsubscribe = this.#events.on(type, listener);
    this.#plan();
    return () => {
      unsubscribe();
      this.#plan();
    };
  }

  #evaluate(now: number): void {
    this.#rate.advance(now);
    const from = this.#status;
    const to = statusOf(this.#rate.verdict, this.#checks.verdictsAt(now));
    if (to === from) return;
    this.#status = to;
    this.#transitions += 1;
    this.#measures.changed(to);
    if (this.#events.has("changed")) this.#events.emit("changed", { from, to, reason: this.#reasonAt(now) });
  }

  #reasonAt(now: number): string {
    return reasonOf(this.#status, { rate: this.#rate, windowMs: this.#windowMs }, this.#checks.all, now);
  }

  readonly #landed = (): void => {
    this.#evaluate(this.#clock.now());
    this.#plan();
  };

  readonly #wake = (): void => {
    const now = this.#clock.now();
    if (this.#mode === "polling") this.#checks.runDue(now);
    this.#evaluate(now);
    this.#plan();
  };

  // Sets the timer for the next moment at which something has to happen by itself.
  #plan(): void {
    const pollsAt = this.#mode === "polling" ? this.#checks.dueAt : Infinity;
    this.#alarm.set(Math.min(pollsAt, this.#changesAt()));
  }

  #changesAt(): number {
    if (this.#mode === "stopped" || !this.#events.has("changed")) return Infinity;
    return Math.min(this.#rate.changesAt, this.#checks.staleAfter(this.#clock.now()));
  }
}
