export { Breaker, type BreakerEvents, type BreakerStats } from "./breaker.ts";
export { consecutiveFailures, countWindow, type CountWindowOptions, type Trip, type TripWindow } from "./trip.ts";
export { BreakerOpenError, type BreakerOpenReason } from "./errors.ts";
export type { BreakerPermit } from "./permit.ts";
export type { BreakerOptions, Classify } from "./options.ts";
export type { BreakerState } from "./circuit.ts";
