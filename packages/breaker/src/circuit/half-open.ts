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
 * not count, a dependency slower than the lease could never close the circuit.
 *
 * Where slow calls trip the breaker a probe that is slow has failed, the moment somebody calls or a call ends, whatever it says
 * later. A lease never outlasts that; one that is shorter frees the place, and the probe is watched on until it is slow:
 *
 *     lease 1 s, slow 3 s      began 0.4 s ago [d] out      began 1.3 s ago [c], 2.4 s ago [b] overdue      [a] has failed
 *
 * The verdict falls as soon as the rest cannot change it, either way:
 *
 *     probes 5, ratio 0.8: 4 successes wanted, so closed at the 4th success, open again at the 2nd failure
 *
 * A neutral probe frees its place and counts for nothing, unless it was slow.
 */
export class HalfOpen {
  readonly state = "half-open";
  cause: unknown;
  /** Whether the observer knows of it. */
  isAnnounced = false;
  readonly #rules: Rules;
  readonly #turns: Turns;
  /** Those that hold a place. */
  readonly #out = new Fifo<Flight>();
  /** Those whose lease is over and that are not slow yet, if there is a slow. */
  readonly #overdue = new Fifo<Flight>();
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
    if (this.look(now)) return undefined;
    if (this.#out.size >= this.#wanted) {
      return { isAdmitted: false, reason: "half-open", retryAfterMs: undefined, cause: this.cause };
    }
    const probe = new Flight(this, now);
    this.#out.push(probe);
    return probe;
  }

  succeed(admission: Admission, durationMs: number | undefined): void {
    const tookMs = this.#land(admission, durationMs);
    if (tookMs === undefined) return;
    if (tookMs >= this.#slowMs) this.#countSlow();
    else if ((this.#successes += 1) >= this.#rules.requiredSuccesses) this.#turns.passed();
  }

  fail(admission: Admission, error: unknown, verdict: FailureVerdict | undefined): void {
    this.forget(admission);
    // Before the others are looked at: what it was told may say how long the break should be.
    if (admission instanceof Flight && admission.passed === 0) {
      this.cause = error;
      if (this.#countFailure(verdict)) return;
    }
    if (this.#slowMs < Infinity) this.look(this.#rules.now());
  }

  release(admission: Admission, durationMs: number | undefined): void {
    const tookMs = this.#land(admission, durationMs);
    if (tookMs !== undefined && tookMs >= this.#slowMs) this.#countSlow();
  }

  /** Frees its place. */
  forget(admission: Admission): void {
    if (admission instanceof Flight && !this.#out.remove(admission)) this.#overdue.remove(admission);
  }

  /**
   * Somebody came by: takes their places from those that had them too long, and counts what became slow. Whether that has ended
   * the period.
   */
  look(now: number): boolean {
    for (let probe = this.#overdue.peek(); isAged(probe, this.#slowMs, now); probe = this.#overdue.peek()) {
      this.#overdue.remove(probe);
      probe.passed = 1;
      if (this.#countSlow()) return true;
    }
    for (let probe = this.#out.peek(); isAged(probe, this.#holdMs, now); probe = this.#out.peek()) {
      this.#out.remove(probe);
      if (isAged(probe, this.#slowMs, now)) {
        probe.passed = 1;
        if (this.#countSlow()) return true;
      } else if (this.#slowMs < Infinity) this.#overdue.push(probe);
    }
    return false;
  }

  /** How long it took. Undefined when that counts no more: it was found slow before, or others that are have ended the period. */
  #land(admission: Admission, durationMs: number | undefined): number | undefined {
    this.forget(admission); // first: a duration that was told counts for more than the clock
    if (!(admission instanceof Flight)) return undefined;
    if (this.#slowMs === Infinity) return 0;
    const now = this.#rules.now();
    if (this.look(now) || admission.passed > 0) return undefined;
    return durationMs ?? now - admission.startedAt;
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

function isAged(probe: Flight | undefined, ms: number, now: number): probe is Flight {
  return probe !== undefined && now - probe.startedAt >= ms;
}
