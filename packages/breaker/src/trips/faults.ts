import { checkTrip } from "./check-trip.ts";
import { isLocalOnly, markLocalOnly } from "./local-only.ts";
import type { Fault, Trip, TripReport, TripWindow } from "./trip.ts";

/** Only what it counts as bad may make it open: not a fault of the other kind, which is good or nothing to it. */
export class Faults implements TripWindow {
  readonly #fault: Fault;
  readonly #inner: TripWindow;
  readonly #slowMs: readonly number[];
  /** Whether the last call failed in its way. */
  #hasFailed = false;
  /** Whether calls were found slow since it was last asked. */
  #hasSlowed = false;

  /** `slowMs`: the durations that matter to what is inside. */
  constructor(fault: Fault, inner: TripWindow, slowMs: readonly number[]) {
    this.#fault = fault;
    this.#inner = inner;
    this.#slowMs = slowMs;
  }

  record(isFailure: boolean, now: number, fault: Fault): void {
    this.#hasFailed = isFailure && fault === this.#fault;
    if (this.#fault === "local") this.#inner.record(isFailure && fault === "local", now, fault);
    else if (!isFailure || fault === "remote") this.#inner.record(isFailure, now, fault);
  }

  recordDuration(isSlow: boolean, slowMs: number, now: number): void {
    this.#hasSlowed ||= isSlow && this.#slowMs.includes(slowMs);
    this.#inner.recordDuration?.(isSlow, slowMs, now);
  }

  /** Whether what happened last may make it open. */
  get isConcerned(): boolean {
    return this.#hasFailed || this.#hasSlowed;
  }

  verdict(now: number): TripReport | undefined {
    return this.isConcerned ? this.standing(now) : undefined;
  }

  /** Whether it has seen enough, whatever happened last: what counts where others have to agree. */
  standing(now: number): TripReport | undefined {
    this.#hasSlowed = false;
    const report = this.#inner.verdict(now);
    return report && { ...report, reason: `${this.#fault} ${report.reason}` };
  }

  isClean(now: number): boolean {
    return this.#inner.isClean(now);
  }
}

/**
 * Judges one kind of fault only, as `classify` tells them apart; a failure that nobody marked is remote.
 *
 * To `local` an answer is a success, even a bad one: the dependency was reached. To `remote` a local fault is no call at all:
 * the dependency has said nothing. Neither is opened by a failure of the other kind. So a network that fails at the third call
 * and a server that fails at half of them can each have its own threshold: `anyOf(faults("local", consecutiveFailures(3)),
 * faults("remote", countWindow(...)))`. Durations have no fault: a trip for slow calls in here judges all of them.
 *
 * Source: Envoy, outlier detection, `split_external_local_origin_errors`.
 *
 * @throws TypeError or RangeError naming the argument and the value.
 */
export function faults(fault: Fault, trip: Trip): Trip {
  const given: unknown = fault; // JavaScript callers may pass anything
  if (given !== "local" && given !== "remote") throw new RangeError(`fault must be "local" or "remote", got ${String(given)}`);
  checkTrip("trip", trip);
  // By name: a trip may be an object of a class, with getters, which a spread would lose.
  const { slowMs = [], readsClock } = trip;
  const own: Trip = { createWindow: () => new Faults(fault, trip.createWindow(), slowMs), slowMs, readsClock };
  if (fault === "local" || isLocalOnly(trip)) markLocalOnly(own);
  return own;
}
