import { warn } from "@breakwater/core";
import { Flight, Pass, type Admission, type Refusal } from "./admission.ts";
import type { FailureVerdict } from "../classify.ts";
import { Flights } from "./flights.ts";
import { Ramp } from "./ramp.ts";
import type { Rules } from "./rules.ts";
import type { TripWindow } from "../trips/trip.ts";
import type { Turns } from "./turns.ts";

// An error may be any value, undefined too.
const noFailure = Symbol("no failure");

/**
 * A closed period: everybody goes, and is counted, until the trip has seen enough.
 *
 * It is the pass of its calls. Where durations matter each call has a flight of its own; where a ramp is on, not everybody goes.
 */
export class Closed extends Pass {
  readonly #rules: Rules;
  readonly #window: TripWindow;
  readonly #flights: Flights | undefined;
  readonly #turns: Turns;
  #lastFailure: unknown = noFailure;
  #ramp: Ramp | undefined;

  /** @throws whatever a trip of the user's throws. */
  constructor(rules: Rules, ramp: Ramp | undefined, turns: Turns) {
    super();
    this.#rules = rules;
    this.#ramp = ramp;
    this.#turns = turns;
    this.#window = rules.trip.createWindow();
    this.#flights = rules.slowMs.length === 0 ? undefined : new Flights(rules.slowMs, this.#window);
  }

  // eslint-disable-next-line @typescript-eslint/class-literal-property-style -- a field in each of a hundred thousand breakers
  get state(): "closed" {
    return "closed";
  }

  /** Whether this is all that a caller needs. */
  get isOpenDoor(): boolean {
    return !this.#rules.isTimed && this.#ramp === undefined;
  }

  /** The share of calls that go. */
  admissionRatio(now: number): number {
    return this.#ramp?.share(now) ?? 1;
  }

  retryAfterMs(now: number): number {
    return this.#ramp === undefined || this.#ramp.wouldAdmit(now) ? 0 : this.#ramp.leftMs(now);
  }

  isClean(now: number): boolean {
    return this.admissionRatio(now) === 1 && this.#window.isClean(now);
  }

  /** Undefined when counting what became slow has ended the period. */
  admit(now: number): Admission | Refusal<"ramp"> | undefined {
    if (this.#flights !== undefined && this.#sweep(this.#flights, now)) return undefined;
    if (this.#ramp !== undefined) {
      if (this.#ramp.leftMs(now) === 0) this.#ramp = undefined;
      else if (!this.#ramp.admits(now)) return refuse(this.#ramp.leftMs(now));
    }
    if (!this.#rules.isTimed) return this;
    const flight = new Flight(this, now);
    this.#flights?.depart(flight);
    return flight;
  }

  succeed(admission: Admission, durationMs: number | undefined): void {
    const now = this.#rules.readsClock ? this.#rules.now() : 0;
    const hasSlowed = this.#flights !== undefined && this.#land(this.#flights, admission, durationMs, now);
    this.#window.record(false, now, "remote");
    if (hasSlowed) this.#judge(now, undefined); // what is good opens nothing, even if it completes the minimum of calls
  }

  fail(admission: Admission, error: unknown, verdict: FailureVerdict | undefined, durationMs: number | undefined): void {
    const now = this.#rules.readsClock ? this.#rules.now() : 0;
    this.#lastFailure = error;
    if (this.#flights !== undefined) this.#land(this.#flights, admission, durationMs, now);
    this.#window.record(true, now, verdict?.fault ?? "remote");
    if (verdict?.tripForMs === undefined) this.#judge(now, verdict);
    else this.#turns.failed({ reason: "told", calls: 1, failures: 1 }, verdict, error);
  }

  /** It said nothing. If it was slow before that, it was. */
  release(admission: Admission): void {
    if (this.#flights === undefined || !(admission instanceof Flight)) return;
    const now = this.#rules.now();
    const hasSlowed = this.#flights.sweep(now);
    this.#flights.cancel(admission);
    if (hasSlowed) this.#judge(now, undefined);
  }

  /** Whether that call, or others that were found with it, counted as slow. */
  #land(flights: Flights, admission: Admission, durationMs: number | undefined, now: number): boolean {
    if (!(admission instanceof Flight)) return false;
    const hasSlowed = flights.sweep(now);
    return flights.land(admission, durationMs ?? now - admission.startedAt, now) || hasSlowed;
  }

  /** Whether that has ended the period. */
  #sweep(flights: Flights, now: number): boolean {
    try {
      return flights.sweep(now) && this.#judge(now, undefined);
    } catch (error) {
      warn(error); // a trip of the user's: the caller who came by must not suffer from it
      return false;
    }
  }

  #judge(now: number, verdict: FailureVerdict | undefined): boolean {
    const report = this.#window.verdict(now);
    if (report === undefined) return false;
    const cause = this.#lastFailure === noFailure ? new Error(`${report.failures} of ${report.calls} calls: ${report.reason}`) : this.#lastFailure;
    this.#turns.failed(report, verdict, cause);
    return true;
  }
}

function refuse(retryAfterMs: number): Refusal<"ramp"> {
  return { isAdmitted: false, reason: "ramp", retryAfterMs, cause: undefined };
}
