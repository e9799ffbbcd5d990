export { Breaker, type BreakerStats } from "./breaker.ts";
export type { BreakerOptions } from "./options.ts";
export type { BreakerEvents } from "./events.ts";
export type { BreakerPermit } from "./permit.ts";
export type { BreakerState } from "./state.ts";
export type { Classify } from "./classify.ts";
export { consecutiveFailures, countWindow, type CountWindowOptions, type Trip } from "./trip.ts";
export type { TripWindow } from "./window.ts";
export { BreakerOpenError, type BreakerOpenErrorOptions, type BreakerOpenReason } from "./errors.ts";
