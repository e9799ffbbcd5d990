import { Fifo } from "@breakwater/core";
import { Flight, type Admission, type Refusal } from "./admission.ts";
import type { FailureVerdict } from "../classify.ts";
import type { Rules } from "./rules.ts";
import type { Turns } from "./turns.ts";

/**
 * A half-open period: so many probes may go, and their results decide.
 *
 * There are as many places as there are results still wanted. A probe holds one until it ends, or until its lease is over: one
 * that hangs, or was lost, frees its place by that alone, as all leases are equally long and so end in the order in which they
 * began. What an overdue probe says later still counts as long as nothing is decided: it did ask the dependency, and if it did
 * not count, a dependency slower than the lease could never close the circuit. Where slow calls trip the breaker a probe that is
 * slow has failed, the moment somebody sees it.
 *
 * The verdict falls as soon as the rest cannot change it, either way:
 *
 *     probes 5, ratio 0.8: 4 successes wanted, so closed at the 4th success, open again at the 2nd failure
 *
 * A neutral probe frees its place and counts for nothing.
 */
export class HalfOpen {
  readonly state = "half-open";
  cause: unknown;
  /** Whether the observer knows of it. */
  isAnnounced = false;
  readonly #rules: Rules;
  readonly #turns: Turns;
  readonly #out = new Fifo<Flight>();
  readonly #slowMs: number;
  #successes = 0;
  #failures = 0;

  constructor(rules: Rules, cause: unknown, turns: Turns) {
    this.#rules = rules;
    this.cause = cause;
    this.#turns = turns;
    // The shortest: if that had been passed by too many, the circuit would have opened.
    this.#slowMs = rules.slowMs[0] ?? Infinity;
  }

  /** Nobody can know when a probe ends. */
  retryAfterMs(now: number): 0 | undefined {
    let held = this.#out.size;
    for (const probe of this.#out) {
      if (now - probe.startedAt < this.#holdMs) break;
      held -= 1;
    }
    return held < this.#wanted ? 0 : undefined;
  }

  /** Undefined when a slow probe has ended the period. */
  admit(now: number): Admission | Refusal<"half-open"> | undefined {
    if (this.#sweep(now)) return undefined;
    if (this.#out.size >= this.#wanted) {
      return { isAdmitted: false, reason: "half-open", retryAfterMs: undefined, cause: this.cause };
    }
    const probe = new Flight(this, now);
    this.#out.push(probe);
    return probe;
  }

  succeed(admission: Admission, durationMs: number | undefined): void {
    if (!this.#land(admission)) return;
    const isSlow = this.#slowMs < Infinity && (durationMs ?? this.#rules.now() - (admission.startedAt ?? 0)) >= this.#slowMs;
    if (isSlow) this.#countSlow();
    else if ((this.#successes += 1) >= this.#rules.requiredSuccesses) this.#turns.passed();
  }

  fail(admission: Admission, error: unknown, verdict: FailureVerdict | undefined): void {
    if (!this.#land(admission)) return;
    this.cause = error;
    this.#countFailure(verdict);
  }

  release(admission: Admission): void {
    this.#land(admission);
  }

  /** Whether its result counts: not when it was counted before, as slow. */
  #land(admission: Admission): boolean {
    if (!(admission instanceof Flight)) return false;
    this.#out.remove(admission);
    return admission.passed === 0;
  }

  /** Takes their places from those that had them too long. Whether that has ended the period. */
  #sweep(now: number): boolean {
    for (let probe = this.#out.peek(); probe !== undefined && now - probe.startedAt >= this.#holdMs; probe = this.#out.peek()) {
      this.#out.remove(probe);
      if (now - probe.startedAt < this.#slowMs) continue;
      probe.passed = 1;
      if (this.#countSlow()) return true;
    }
    return false;
  }

  #countSlow(): boolean {
    this.cause = new Error(`a probe took ${this.#slowMs} ms or more`);
    return this.#countFailure(undefined);
  }

  #countFailure(verdict: FailureVerdict | undefined): boolean {
    this.#failures += 1;
    const isTold = verdict?.tripForMs !== undefined;
    const isOver = isTold || this.#failures > this.#rules.probes - this.#rules.requiredSuccesses;
    const calls = this.#successes + this.#failures;
    if (isOver) this.#turns.failed({ reason: isTold ? "told" : "probes-failed", calls, failures: this.#failures }, verdict, this.cause);
    return isOver;
  }

  get #wanted(): number {
    return this.#rules.probes - this.#successes - this.#failures;
  }

  get #holdMs(): number {
    return Math.min(this.#rules.probeTimeoutMs, this.#slowMs);
  }
}
