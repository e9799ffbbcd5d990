import { checkTrip } from "./check-trip.ts";
import { Faults } from "./faults.ts";
import { isLocalOnly, markLocalOnly } from "./local-only.ts";
import type { Fault, Trip, TripReport, TripWindow } from "./trip.ts";

/** Every window counts every call; they differ in how many must want to open. */
abstract class Combined implements TripWindow {
  protected readonly windows: readonly TripWindow[];

  constructor(windows: readonly TripWindow[]) {
    this.windows = windows;
  }

  record(isFailure: boolean, now: number, fault: Fault): void {
    for (const window of this.windows) window.record(isFailure, now, fault);
  }

  recordDuration(isSlow: boolean, slowMs: number, now: number): void {
    for (const window of this.windows) window.recordDuration?.(isSlow, slowMs, now);
  }

  isClean(now: number): boolean {
    return this.windows.every((window) => window.isClean(now));
  }

  abstract verdict(now: number): TripReport | undefined;
}

class AnyOf extends Combined {
  verdict(now: number): TripReport | undefined {
    for (const window of this.windows) {
      const report = window.verdict(now);
      if (report !== undefined) return report;
    }
    return undefined;
  }
}

class AllOf extends Combined {
  verdict(now: number): TripReport | undefined {
    // A failure is either local or remote, and concerns only one of two that have to agree. One is enough, but that it takes.
    if (!this.windows.some(isConcerned)) return undefined;
    const reports: TripReport[] = [];
    for (const window of this.windows) {
      const report = window instanceof Faults ? window.standing(now) : window.verdict(now);
      if (report === undefined) return undefined;
      reports.push(report);
    }
    const [first] = reports;
    return first && { ...first, reason: reports.map(({ reason }) => reason).join(" and ") };
  }
}

function isConcerned(window: TripWindow): boolean {
  return !(window instanceof Faults) || window.isConcerned;
}

/**
 * Trips when one of them does; the first of them gives the reason.
 *
 * @throws TypeError without trips, or naming the one that is none.
 */
export function anyOf(...trips: readonly Trip[]): Trip {
  const trip = combine(trips, (windows) => new AnyOf(windows));
  if (trips.every(isLocalOnly)) markLocalOnly(trip);
  return trip;
}

/**
 * Trips when all of them would at the same moment. Counts and numbers reported are the first one's.
 *
 * @throws TypeError without trips, or naming the one that is none.
 */
export function allOf(...trips: readonly Trip[]): Trip {
  const trip = combine(trips, (windows) => new AllOf(windows));
  if (trips.some(isLocalOnly)) markLocalOnly(trip);
  return trip;
}

function combine(trips: readonly Trip[], make: (windows: readonly TripWindow[]) => TripWindow): Trip {
  if (trips.length === 0) throw new TypeError("trips must hold at least one");
  trips.forEach((trip, index) => checkTrip(`trips[${index}]`, trip));
  return {
    createWindow: () => make(trips.map((trip) => trip.createWindow())),
    slowMs: [...new Set(trips.flatMap(({ slowMs = [] }) => slowMs))],
    readsClock: trips.some(({ readsClock = true }) => readsClock),
  };
}
