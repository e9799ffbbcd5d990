import type { Sample } from "./strategy.ts";

// Long enough to count many calls of a busy service; a quiet one is given the time for some.
const shortestMs = 200;
const usualCalls = 50;
const patientMs = 1000;
const fewCalls = 10;
// In flight at least so much of the limit: calls that end together leave gaps behind them.
const fullShare = 0.9;

/** What the calls showed that ended within a short time. */
export class Window {
  #since: number;
  #succeeded = 0;
  #failed = 0;
  #timed = 0;
  #timedSuccesses = 0;
  #sumMs = 0;
  #full = 0;

  constructor(since: number) {
    this.#since = since;
  }

  /** `limit` is what was in force. */
  add(sample: Sample, limit: number): void {
    this.#failed += sample.failed;
    this.#succeeded += sample.completed - sample.failed;
    this.#timed += 1;
    if (sample.inFlight >= Math.floor(fullShare * limit)) this.#full += 1;
    if (!sample.isSuccess) return;
    this.#timedSuccesses += 1;
    this.#sumMs += sample.endedAt - sample.startedAt;
  }

  /** Nothing went on for so long: that says nothing about the rate. */
  skip(idleMs: number): void {
    this.#since += idleMs;
  }

  isOver(now: number): boolean {
    const elapsedMs = now - this.#since;
    if (elapsedMs >= shortestMs && this.#timed >= usualCalls) return true;
    return elapsedMs >= patientMs && this.#timed >= fewCalls;
  }

  /** Successes a ms, by then. */
  ratePerMs(now: number): number {
    return this.#succeeded / (now - this.#since);
  }

  /** How many of the calls found the limit (nearly) reached. */
  get fullRatio(): number {
    return this.#full / this.#timed;
  }

  get failedRatio(): number {
    return this.#failed / (this.#failed + this.#succeeded);
  }

  /** How long a success took on average; NaN without one. */
  get meanMs(): number {
    return this.#sumMs / this.#timedSuccesses;
  }
}
