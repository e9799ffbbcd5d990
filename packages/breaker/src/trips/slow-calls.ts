import { checkNumber } from "@breakwater/core";
import { checkTrip } from "./check-trip.ts";
import { isLocalOnly } from "./local-only.ts";
import type { Trip, TripReport, TripWindow } from "./trip.ts";

/** Hands durations to a window that thinks they were outcomes. */
class SlowCalls implements TripWindow {
  readonly #slowMs: number;
  readonly #inner: TripWindow;

  constructor(slowMs: number, inner: TripWindow) {
    this.#slowMs = slowMs;
    this.#inner = inner;
  }

  record(): void {
    // how a call ended does not matter here
  }

  recordDuration(isSlow: boolean, slowMs: number, now: number): void {
    if (slowMs === this.#slowMs) this.#inner.record(isSlow, now, "remote");
  }

  verdict(now: number): TripReport | undefined {
    const report = this.#inner.verdict(now);
    return report && { ...report, reason: "slow-calls" };
  }

  isClean(now: number): boolean {
    return this.#inner.isClean(now);
  }
}

export interface SlowCallsOptions {
  /** A call that takes so long is slow, in ms from 1. */
  readonly slowMs: number;
  /** Judges slow calls as it would failures, and fast ones as successes, whatever they ended with. */
  readonly trip: Trip;
}

/**
 * Judges calls by how long they take. A call that is still running counts as slow as soon as it has run for `slowMs`, so a
 * dependency that hangs trips the breaker while its calls hang, not when they end. It is seen when somebody calls or a call
 * ends: there is no timer. Costs each call an object and two readings of a clock.
 *
 * A half-open probe that takes `slowMs` has failed.
 *
 * @throws TypeError or RangeError naming the option and the value. Of a trip that judges local faults only, too: a duration is
 *   never one, so it would never trip.
 */
export function slowCalls({ slowMs, trip }: SlowCallsOptions): Trip {
  checkNumber("slowMs", slowMs, { min: 1, max: Number.MAX_VALUE });
  checkTrip("trip", trip);
  if ((trip.slowMs?.length ?? 0) > 0) throw new TypeError("trip must judge outcomes: it watches durations itself");
  if (isLocalOnly(trip)) throw new TypeError("trip must not judge local faults only: a duration is none, and it would never trip");
  return {
    createWindow: () => new SlowCalls(slowMs, trip.createWindow()),
    slowMs: [slowMs],
    readsClock: trip.readsClock,
  };
}
