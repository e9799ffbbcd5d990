import type { Clock, Deadlines, Expiring } from "@breakwater/core";
import type { CheckSettings } from "./check-options.ts";
import type { HealthStatus, Verdict } from "./status.ts";
import { Streak } from "./streak.ts";
import { textOf } from "./text-of.ts";

/**
 * One dependency, asked at most once at a time.
 *
 * A check is foreign code that runs exactly when things go wrong: it hangs, throws before it returns a promise, or
 * answers long after everybody has gone. So each run is a flight, and the one in `#flight` is the only one that may
 * leave a result. A flight lands once: by its answer, by its deadline, or by being abandoned; landing takes it out of
 * `#flight`, and whatever it says later finds itself replaced and is dropped, rejections included.
 *
 * Everybody who asks while a flight is out waits for that flight, so a stampede of probes is one question. The deadline
 * is not a bare race: the flight's signal aborts too, so that the question does not stay behind in the dependency.
 */
export class DependencyCheck {
  readonly settings: CheckSettings;
  readonly streak: Streak;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #landed: () => void;
  #flight: Flight | undefined = undefined;
  #result: CheckResult | undefined = undefined;
  #pollsAt = -Infinity;

  /** `landed` is called after each result. */
  constructor(settings: CheckSettings, clock: Clock, deadlines: Deadlines, landed: () => void) {
    this.settings = settings;
    this.streak = new Streak(settings.failuresToFail, settings.successesToPass);
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#landed = landed;
  }

  get isRunning(): boolean {
    return this.#flight !== undefined;
  }

  /** The last result, stale or not. */
  get result(): CheckResult | undefined {
    return this.#result;
  }

  /** When the last result counts no more; Infinity when there is none. */
  get staleAt(): number {
    return this.#result === undefined ? Infinity : this.#result.at + this.settings.staleAfterMs;
  }

  /** When a poll should ask again; Infinity while it is being asked. */
  get dueAt(): number {
    return this.#flight === undefined ? this.#pollsAt : Infinity;
  }

  statusAt(now: number): HealthStatus {
    if (this.#result === undefined || now >= this.staleAt) return "UNKNOWN";
    return this.streak.verdict;
  }

  verdictAt(now: number): Verdict {
    return { critical: this.settings.critical, vouches: true, status: this.statusAt(now) };
  }

  /** Asks, or joins those who are asking. Never rejects; resolves when a result is there, or the question abandoned. */
  run(): Promise<void> {
    return (this.#flight ?? this.#depart()).landing;
  }

  /** Stops waiting for the answer. The last result stays. */
  abandon(): void {
    const flight = this.#flight;
    if (flight === undefined) return;
    this.#release(flight);
    flight.controller.abort();
    flight.land();
  }

  #depart(): Flight {
    const flight = new Flight(this.#clock.now(), this.settings.timeoutMs, this.#expire);
    this.#flight = flight;
    if (flight.deadlineAt < Infinity) this.#deadlines.add(flight);
    try {
      Promise.resolve(this.settings.check(flight.controller.signal)).then(
        (answer) => this.#settle(flight, answer === false ? "answered false" : undefined),
        (error: unknown) => this.#settle(flight, textOf(error)),
      );
    } catch (error) {
      this.#settle(flight, textOf(error));
    }
    return flight;
  }

  readonly #expire = (flight: Flight): void => {
    const failure = `no answer within ${this.settings.timeoutMs} ms`;
    this.#settle(flight, failure);
    flight.controller.abort(new DOMException(failure, "TimeoutError"));
  };

  #settle(flight: Flight, failure: string | undefined): void {
    if (this.#flight !== flight) return;
    this.#release(flight);
    this.#note(flight, failure);
    this.#landed();
    flight.land();
  }

  #note({ startedAt }: Flight, failure: string | undefined): void {
    const { slowMs, intervalMs, jitterRatio, random } = this.settings;
    const at = this.#clock.now();
    const durationMs = at - startedAt;
    // Results that nobody would still believe are no start of a row.
    if (at >= this.staleAt) this.streak.reset();
    this.streak.note(failure !== undefined ? "failed" : durationMs > slowMs ? "slow" : "passed");
    this.#result = { failure, at, durationMs };
    this.#pollsAt = at + intervalMs * (1 + jitterRatio * (2 * random() - 1));
  }

  #release(flight: Flight): void {
    this.#flight = undefined;
    this.#deadlines.delete(flight);
  }
}

/** What a run of a check left behind. */
export interface CheckResult {
  /** What went wrong; undefined when nothing did. */
  readonly failure: string | undefined;
  /** When the run ended, in the clock's milliseconds. */
  readonly at: number;
  readonly durationMs: number;
}

class Flight implements Expiring {
  readonly controller = new AbortController();
  readonly landing: Promise<void>;
  readonly startedAt: number;
  readonly deadlineAt: number;
  readonly #expired: (flight: Flight) => void;
  heapIndex = -1;
  land!: () => void; // set by the promise's executor, which runs at once

  constructor(startedAt: number, timeoutMs: number, expired: (flight: Flight) => void) {
    this.startedAt = startedAt;
    this.deadlineAt = startedAt + timeoutMs;
    this.#expired = expired;
    this.landing = new Promise((resolve) => (this.land = resolve));
  }

  expire(): void {
    this.#expired(this);
  }
}
