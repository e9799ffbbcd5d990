import type { Admission, Refusal } from "./admission.ts";
import { lengthOf } from "./break-length.ts";
import type { FailureVerdict } from "../classify.ts";
import { Closed } from "./closed.ts";
import type { BreakerEvents } from "../events.ts";
import { HalfOpen } from "./half-open.ts";
import { Open } from "./open.ts";
import { levelAt, type Outage } from "./outage.ts";
import { Ramp } from "./ramp.ts";
import type { Rules } from "./rules.ts";
import type { TripReport } from "../trips/trip.ts";
import type { Turns } from "./turns.ts";

/**
 * The state machine: synchronous, without promises or timers.
 *
 *              trips                      break is over, a caller comes
 *     closed ----------> open <---------+---------------------------> half-open
 *       ^ with a ramp                   | probes failed                   |
 *       +-------------------------------+------ probes passed ------------+
 *
 * The rule that most breakers lack is the *period*: entering a state begins one, each call carries the period that admitted it,
 * and its result counts only while that period lasts. So a slow failure that began before the break can neither end a probe nor
 * spoil the window after it. It is gobreaker's generation as an identity; gobreaker turns its number on window ticks too, so that
 * a call longer than a tick never counts.
 *
 * Nothing happens by time alone. The break ends, a probe loses its place, a running call becomes slow, when somebody comes and
 * sees it. A timer was rejected: it needs care at 2^31 ms, holds or loses processes, and may fire for a period that is over.
 *
 * State is committed before anybody hears of it.
 */
export type CircuitState = "closed" | "open" | "half-open";

/** Why a call was not let in. */
export type CircuitReason = "open" | "half-open" | "ramp";

export abstract class Circuit implements Turns {
  readonly #rules: Rules;
  #period: Closed | Open | HalfOpen;
  /** The pass of everybody, where nobody has to be looked at. */
  #door: Closed | undefined;
  /** One that never opened has none, and is the smaller for it. */
  #outage: Outage | undefined = undefined;

  constructor(rules: Rules) {
    this.#rules = rules;
    this.#period = this.#door = this.#makeClosed(undefined);
    this.#enter(this.#period);
  }

  /** A change of the state has been made. */
  protected abstract changed<Type extends "opened" | "halfOpened" | "closed">(type: Type, event: BreakerEvents[Type]): void;

  /** The state that a caller would meet now. A question without effect, as are the other getters. */
  get circuitState(): CircuitState {
    return this.#period.state === "open" && this.leftMs === 0 ? "half-open" : this.#period.state;
  }

  get isClosed(): boolean {
    return this.#period.state === "closed";
  }

  /** Until a call may go, in ms; 0 when one may now; undefined while probes have all places. */
  get leftMs(): number | undefined {
    return this.#door === undefined ? this.#period.retryAfterMs(this.#rules.now()) : 0;
  }

  /** How often it opened without having been well in between, as of now. */
  get level(): number {
    if (this.#outage === undefined) return 0;
    return this.#period.state === "closed" ? levelAt(this.#outage, this.#rules.now(), this.#rules.decayMs) : this.#outage.level;
  }

  /** The share of calls that go: less than 1 while a ramp is on, 0 when not closed. */
  get admissionRatio(): number {
    return this.#period.state === "closed" ? this.#period.admissionRatio(this.#rules.now()) : 0;
  }

  /** Whether it is as good as new, so that forgetting it loses nothing. */
  get isClean(): boolean {
    return this.#period.state === "closed" && this.level === 0 && this.#period.isClean(this.#rules.now());
  }

  protected ask(): Admission | Refusal<CircuitReason> {
    return this.#door ?? this.#consider();
  }

  protected countSuccess(admission: Admission, durationMs: number | undefined): void {
    // The common case first: it is known what it is, and need not be looked up.
    if (admission === this.#door) this.#door.succeed(admission, durationMs);
    else if (admission.period === this.#period) this.#period.succeed(admission, durationMs);
    else this.#look();
  }

  protected countFailure(admission: Admission, error: unknown, verdict: FailureVerdict | undefined, durationMs: number | undefined): void {
    const period = this.#period;
    if (admission.period === period) period.fail(admission, error, verdict, durationMs);
    else this.#look();
  }

  /** The call said nothing. A probe's place is free at once. */
  protected countNothing(admission: Admission, durationMs: number | undefined): void {
    const period = this.#period;
    if (admission.period === period) period.release(admission, durationMs);
    else this.#look();
  }

  /** As if the call had never been: not even that it was slow is learned. A probe's place is free. */
  protected forget(admission: Admission): void {
    if (admission.period === this.#period) this.#period.forget(admission);
  }

  /** Closed and empty, as if new; what is still running does not count. */
  reset(): void {
    this.#close(this.#makeClosed(undefined), "reset");
  }

  /** After a pause that was nobody's failure: what was counted is old, and the dependency may be cold. */
  protected resume(): void {
    if (this.#period.state === "closed") this.#enter(this.#makeClosed(this.#makeRamp()));
  }

  /** Open for so long, whatever happened. */
  forceOpen(breakMs: number): void {
    this.#open({ reason: "forced", calls: 0, failures: 0 }, { outcome: "failure", tripForMs: breakMs }, undefined);
  }

  /** Takes over the state of another one; `leftMs` when it was open. Tells nobody. */
  protected restore(leftMs: number | undefined, level: number): void {
    const now = this.#rules.now();
    if (level > 0) this.#outage = { level, openedAt: now, closedAt: now };
    if (leftMs === undefined) return;
    this.#outage ??= { level: 1, openedAt: now, closedAt: now };
    const open = new Open(undefined, "open", this);
    open.endsAt = now + leftMs;
    this.#enter(open);
  }

  passed(): void {
    let closed: Closed;
    try {
      closed = this.#makeClosed(this.#makeRamp());
    } catch (error) {
      // A trip of the user's cannot count: better to ask again after a break than to let everybody in uncounted.
      this.#open({ reason: "no-window", calls: 0, failures: 0 }, undefined, error);
      throw error;
    }
    this.#close(closed, "probes-passed");
  }

  failed(report: TripReport, verdict: FailureVerdict | undefined, cause: unknown): void {
    this.#open(report, verdict, cause);
  }

  rested(): void {
    const cause = this.#period.state === "open" ? this.#period.cause : undefined;
    this.#enter(new HalfOpen(this.#rules, cause, this));
  }

  /** A call has ended that counts for nothing any more. Somebody came by all the same. */
  #look(): void {
    if (this.#rules.slowMs.length > 0) this.#period.look(this.#rules.now());
  }

  #consider(): Admission | Refusal<CircuitReason> {
    const now = this.#rules.now();
    for (;;) {
      const period = this.#period;
      const answer = period.admit(now);
      if (period.state === "closed" && period.isOpenDoor) this.#enter(period); // its ramp is over
      if (answer === undefined) continue;
      if (period.state === "half-open" && !period.isAnnounced) this.#announce(period); // the caller has its place already
      return answer;
    }
  }

  #announce(period: HalfOpen): void {
    period.isAnnounced = true;
    this.changed("halfOpened", { from: "open", level: this.level });
  }

  #open(report: TripReport, verdict: FailureVerdict | undefined, cause: unknown): void {
    const { state } = this.#period;
    const from = this.#heard;
    const now = this.#rules.now();
    const outage = (this.#outage ??= { level: 0, openedAt: now, closedAt: now });
    if (state === "closed") {
      outage.level = levelAt(outage, now, this.#rules.decayMs);
      outage.openedAt = now;
    }
    if (state !== "open") outage.level += 1; // another break for what is open already is no other outage
    const open = new Open(cause, from, this);
    this.#enter(open);
    const breakMs = this.#lengthOf(report.reason, verdict, cause, outage.level);
    if (this.#period !== open) return; // a function of the user's has changed the state meanwhile: this one nobody heard of
    open.endsAt = now + breakMs;
    open.heard = "open";
    this.changed("opened", { from, ...report, cause, retryAfterMs: breakMs, level: outage.level });
  }

  #lengthOf(reason: string, verdict: FailureVerdict | undefined, cause: unknown, level: number): number {
    if (verdict?.tripForMs !== undefined) return verdict.tripForMs;
    const retryAfterMs = verdict?.retryAfterMs;
    return Math.max(lengthOf(this.#rules.breakMs, { level, reason, cause, retryAfterMs }), retryAfterMs ?? 0);
  }

  #close(closed: Closed, reason: "probes-passed" | "reset"): void {
    const from = this.#heard;
    const now = this.#rules.now();
    const outage = this.#outage;
    this.#enter(closed);
    if (reason === "reset") this.#outage = undefined;
    else if (outage !== undefined) outage.closedAt = now;
    if (from !== "closed") this.changed("closed", { from, reason, outageMs: now - (outage?.openedAt ?? now) });
  }

  /** The state as the observer knows it. */
  get #heard(): CircuitState {
    return this.#period.state === "open" ? this.#period.heard : this.#period.state;
  }

  #enter(period: Closed | Open | HalfOpen): void {
    this.#period = period;
    this.#door = period.state === "closed" && period.isOpenDoor ? period : undefined;
  }

  #makeClosed(ramp: Ramp | undefined): Closed {
    return new Closed(this.#rules, ramp, this);
  }

  #makeRamp(): Ramp | undefined {
    const { rampMs, rampFrom } = this.#rules;
    return rampMs === 0 ? undefined : new Ramp(this.#rules.now(), rampMs, rampFrom);
  }
}
