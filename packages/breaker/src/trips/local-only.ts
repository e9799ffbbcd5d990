import type { Trip } from "./trip.ts";

const marked = new WeakSet<Trip>();

/** Of a trip to which only local faults are bad. Round durations, which are of no fault, it could never trip. */
export function markLocalOnly(trip: Trip): void {
  marked.add(trip);
}

export function isLocalOnly(trip: Trip): boolean {
  return marked.has(trip);
}
