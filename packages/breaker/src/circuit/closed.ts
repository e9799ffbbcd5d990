import { warn } from "@breakwater/core";
import { Flight, Pass, type Admission, type Refusal } from "./admission.ts";
import type { FailureVerdict } from "../classify.ts";
import { Flights } from "./flights.ts";
import { Ramp } from "./ramp.ts";
import type { Rules } from "./rules.ts";
import type { TripReport, TripWindow } from "../trips/trip.ts";
import type { Turns } from "./turns.ts";

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
    try {
      return this.admissionRatio(now) === 1 && this.#flights?.hasDue(now) !== true && this.#window.isClean(now);
    } catch (error) {
      warn(error); // a trip of the user's, asked on behalf of somebody else's key
      return false;
    }
  }

  /** Undefined when counting what became slow has ended the period. */
  admit(now: number): Admission | Refusal<"ramp"> | undefined {
    if (this.look(now)) return undefined;
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
    const hasSlowed = this.#flights !== undefined && this.#land(this.#flights, admission, durationMs, now, false);
    this.#window.record(false, now, "remote");
    if (hasSlowed) this.#judge(now, false); // what is good opens nothing, even if it completes the minimum of calls
  }

  fail(admission: Admission, error: unknown, verdict: FailureVerdict | undefined, durationMs: number | undefined): void {
    const now = this.#rules.readsClock ? this.#rules.now() : 0;
    if (this.#flights !== undefined) this.#land(this.#flights, admission, durationMs, now, false);
    this.#window.record(true, now, verdict?.fault ?? "remote");
    if (verdict?.tripForMs === undefined) this.#judge(now, true, error, verdict);
    else this.#turns.failed({ reason: "told", calls: 1, failures: 1 }, verdict, error);
  }

  /** It said nothing. If it was slow before that, it was. */
  release(admission: Admission, durationMs: number | undefined): void {
    if (this.#flights === undefined) return;
    const now = this.#rules.now();
    if (this.#land(this.#flights, admission, durationMs, now, true)) this.#judge(now, false);
  }

  /** Nobody wants to know how it ended. */
  forget(admission: Admission): void {
    if (admission instanceof Flight) this.#flights?.cancel(admission);
  }

  /** Somebody came by: counts what became slow. Whether that has ended the period. */
  look(now: number): boolean {
    try {
      return this.#flights?.sweep(now) === true && this.#judge(now, false);
    } catch (error) {
      warn(error); // a trip of the user's: the caller who came by must not suffer from it
      return false;
    }
  }

  /** Whether that call, or others that were found with it, counted as slow. */
  #land(flights: Flights, admission: Admission, durationMs: number | undefined, now: number, isNeutral: boolean): boolean {
    if (!(admission instanceof Flight)) return false;
    flights.cancel(admission); // first: a duration that was told counts for more than the clock
    const hasSlowed = flights.sweep(now);
    return flights.land(admission, durationMs ?? now - admission.startedAt, now, isNeutral) || hasSlowed;
  }

  /** Whether that has ended the period. `hasFailed`: a failure was counted just now, and not slowness alone. */
  #judge(now: number, hasFailed: boolean, error?: unknown, verdict?: FailureVerdict): boolean {
    const report = this.#window.verdict(now);
    if (report === undefined) return false;
    // Where calls were only slow no failure is to blame, neither this one nor one of long ago.
    const cause = hasFailed && !isSlowness(report) ? error : new Error(`${report.failures} of ${report.calls} calls: ${report.reason}`);
    this.#turns.failed(report, verdict, cause);
    return true;
  }
}

/** `slow-calls`, also of one kind of fault, or of several durations. */
function isSlowness({ reason }: TripReport): boolean {
  return reason.split(" and ").every((part) => part.endsWith("slow-calls"));
}

function refuse(retryAfterMs: number): Refusal<"ramp"> {
  return { isAdmitted: false, reason: "ramp", retryAfterMs, cause: undefined };
}
