import { Deadlines, Emitter, noCall, type Call, type Guard, type Outcome, type Unsubscribe, type Work } from "@breakwater/core";
import { Alarm } from "./alarm.ts";
import { Assessment } from "./assessment.ts";
import { CallWatch } from "./call-watch.ts";
import { CheckList } from "./check-list.ts";
import { ContributionList } from "./contributions.ts";
import { ErrorRate } from "./error-rate.ts";
import type { HealthEvents } from "./events.ts";
import { healthJsonOf } from "./health-json.ts";
import { LoopBeat } from "./loop-beat.ts";
import { Measures } from "./measures.ts";
import { readOptions, type HealthOptions, type Settings } from "./options.ts";
import { livenessOf, probeAnswer, type ProbeAnswer } from "./probe.ts";
import type { HealthReport } from "./report.ts";
import type { HealthStats } from "./stats.ts";
import type { HealthStatus } from "./status.ts";

/**
 * The shell round the parts that decide: the windowed error rate, the checks, the contributions, and how their verdicts
 * become one.
 *
 * The status changes by a sample, by the result of a check, by what a pattern says of itself, or by time alone, when old
 * samples leave the window, a dwell ends, or a result goes stale. The first two are noticed as they happen, and reading
 * looks at the clock and asks the patterns. What is left is time that passes while nobody calls: only a listener of
 * `changed` can miss it, so only while there is one does a timer stand at the next such moment. The same timer polls
 * checks and contributions after `start`. It never keeps the process alive.
 *
 * The record path costs a reading of the clock and little else. The reading cannot be put off: samples without a time
 * could not be told apart once a gap has passed. It can be shared, as the second argument of `record`.
 *
 * What is noticed of calls and checks does not depend on who looks: see error-rate.ts. Who looks only decides how soon.
 * Patterns have no past here: what one says between two readings nobody hears.
 */

/** Tells from its recent calls, its dependencies and its patterns how well something is. */
export class Health {
  readonly name: string | undefined;
  readonly #settings: Settings;
  readonly #rate: ErrorRate;
  readonly #checks: CheckList;
  readonly #contributions: ContributionList;
  readonly #watch: CallWatch;
  readonly #alarm: Alarm;
  readonly #beat: LoopBeat;
  readonly #assessment: Assessment;
  readonly #events = new Emitter<HealthEvents>();
  #mode: "new" | "polling" | "stopped" = "new";

  /** @throws TypeError or RangeError, naming the option and the value. */
  constructor(options: HealthOptions = {}) {
    const settings = readOptions(options);
    const { name, clock, meter } = settings;
    const deadlines = new Deadlines(clock);
    this.name = name;
    this.#settings = settings;
    this.#rate = new ErrorRate(settings.windowMs, settings.limits);
    this.#checks = new CheckList(settings.checks, clock, deadlines, this.#landed);
    this.#contributions = new ContributionList(settings.contributions, settings.contributionIntervalMs);
    this.#watch = new CallWatch(settings.classify, (outcome) => this.record(outcome));
    this.#alarm = new Alarm(deadlines, this.#wake);
    this.#beat = new LoopBeat(settings.maxLoopDelayMs, clock, deadlines);
    this.#assessment = new Assessment({
      rate: this.#rate,
      windowMs: settings.windowMs,
      checks: this.#checks,
      contributions: this.#contributions,
      measures: new Measures(meter, name, () => this.status),
      events: this.#events,
    });
  }

  /**
   * The worst of the window's verdict, the checks' last results and what the patterns say now. Asks no dependency; to ask
   * first, use {@link check}.
   */
  get status(): HealthStatus {
    this.#assessment.evaluate(this.#settings.clock.now());
    return this.#assessment.status;
  }

  /** The status, with what made it so. Plain data, a new object each time. */
  get report(): HealthReport {
    return this.#assessment.reportAt(this.#settings.clock.now());
  }

  get stats(): HealthStats {
    const { status } = this;
    const { ratio: errorRate, total, failures } = this.#rate;
    return { status, errorRate, total, failures, transitions: this.#assessment.transitions, checking: this.#checks.running };
  }

  /**
   * Counts the outcome of one call. Neutral ones are not counted at all, neither as calls nor as failures.
   *
   * `now` is a reading of the same clock, for a caller that just took one; left out, the clock is read here.
   */
  record(outcome: Outcome, now?: number): void {
    if (outcome !== "failure" && outcome !== "success") return;
    const at = now ?? this.#settings.clock.now();
    const before = this.#rate.verdict;
    const isSooner = this.#rate.add(outcome === "failure", at);
    if (this.#rate.verdict !== before) this.#assessment.evaluate(at);
    if (isSooner) this.#plan();
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

  /**
   * Runs all checks now, and each again `intervalMs` after its last result, give or take the jitter; reads the
   * contributions every `contributionIntervalMs`. Does nothing when it polls already.
   */
  start(): void {
    if (this.#mode === "polling") return;
    this.#mode = "polling";
    this.#beat.start();
    void this.#checks.run();
    this.#assessment.evaluate(this.#settings.clock.now());
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
    this.#beat.stop();
    this.#checks.abandon();
    this.#plan();
  }

  /**
   * DRAINING from now on, whatever the parts say: the instance is leaving, and should get no more traffic. The first step
   * of a stop; serve on until the load balancer has noticed. Calls and checks go on counting. Draining twice does nothing.
   */
  drain(): void {
    this.#setDraining(true);
  }

  /** Takes {@link drain} back: the status is again what the parts say, at once. */
  undrain(): void {
    this.#setDraining(false);
  }

  /**
   * Whether the process should live on: 200, unless the event loop stood still for longer than `maxLoopDelayMs`. Looks at
   * no dependency, no error rate and no pattern: a restart cures none of them, and all instances would restart at once.
   */
  liveness(): ProbeAnswer {
    const { clock, maxLoopDelayMs, wallClock } = this.#settings;
    return livenessOf(this.#beat.delayAt(clock.now()), maxLoopDelayMs, wallClock());
  }

  /**
   * Whether it should get traffic: 200 while HEALTHY or DEGRADED, otherwise 503. Answers at once, from what is known: it
   * asks no dependency, however many ask it. So {@link start} must have been called, or {@link check}.
   */
  readiness(): ProbeAnswer {
    const { name: serviceId, showsOutput, wallClock } = this.#settings;
    const context = { serviceId, showsOutput, wallNow: wallClock(), checks: this.#checks.all };
    const answer = probeAnswer(healthJsonOf(this.report, context));
    this.#assessment.hasServed ||= answer.status === 200;
    return answer;
  }

  /** Whether it has begun to serve: as {@link readiness} until the first 200, and 200 for ever after. */
  startup(): ProbeAnswer {
    const answer = this.readiness();
    return this.#assessment.hasServed ? probeAnswer({ status: "pass", notes: ["started"] }) : answer;
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

  #setDraining(isDraining: boolean): void {
    this.#assessment.isDraining = isDraining;
    this.#assessment.evaluate(this.#settings.clock.now());
  }

  readonly #landed = (): void => {
    this.#assessment.evaluate(this.#settings.clock.now());
    this.#plan();
  };

  readonly #wake = (): void => {
    const now = this.#settings.clock.now();
    if (this.#mode === "polling") this.#checks.runDue(now);
    this.#assessment.evaluate(now);
    this.#plan();
  };

  // Sets the timer for the next moment at which something has to happen by itself.
  #plan(): void {
    const isPolling = this.#mode === "polling";
    const pollsAt = isPolling ? Math.min(this.#checks.dueAt, this.#contributions.dueAt) : Infinity;
    this.#alarm.set(Math.min(pollsAt, this.#changesAt()));
  }

  #changesAt(): number {
    if (this.#mode === "stopped" || !this.#events.has("changed")) return Infinity;
    return Math.min(this.#rate.changesAt, this.#checks.staleAfter(this.#settings.clock.now()));
  }
}
