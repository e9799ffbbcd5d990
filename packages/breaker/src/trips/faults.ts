import { checkTrip } from "./check-trip.ts";
import type { Fault, Trip, TripReport, TripWindow } from "./trip.ts";

class Faults implements TripWindow {
  readonly #fault: Fault;
  readonly #inner: TripWindow;

  constructor(fault: Fault, inner: TripWindow) {
    this.#fault = fault;
    this.#inner = inner;
  }

  record(isFailure: boolean, now: number, fault: Fault): void {
    if (this.#fault === "local") this.#inner.record(isFailure && fault === "local", now, fault);
    else if (!isFailure || fault === "remote") this.#inner.record(isFailure, now, fault);
  }

  recordDuration(isSlow: boolean, slowMs: number, now: number): void {
    this.#inner.recordDuration?.(isSlow, slowMs, now);
  }

  verdict(now: number): TripReport | undefined {
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
 * the dependency has said nothing. So a network that fails at the third call and a server that fails at half of them can each
 * have its own threshold: `anyOf(faults("local", consecutiveFailures(3)), faults("remote", countWindow(...)))`.
 *
 * Source: Envoy, outlier detection, `split_external_local_origin_errors`.
 *
 * @throws TypeError or RangeError naming the argument and the value.
 */
export function faults(fault: Fault, trip: Trip): Trip {
  const given: unknown = fault; // JavaScript callers may pass anything
  if (given !== "local" && given !== "remote") throw new RangeError(`fault must be "local" or "remote", got ${String(given)}`);
  checkTrip("trip", trip);
  return { ...trip, createWindow: () => new Faults(fault, trip.createWindow()) };
}
