import { checkFunction, checkNumber } from "@breakwater/core";
import type { Trip } from "./trip.ts";

/** @throws TypeError or RangeError naming what is wrong with it. */
export function checkTrip(option: string, trip: unknown): void {
  const { createWindow, slowMs = [] } = (trip ?? {}) as Partial<Trip>; // JavaScript callers may pass anything
  checkFunction(`${option}.createWindow`, createWindow);
  if (!Array.isArray(slowMs)) throw new TypeError(`${option}.slowMs must be an array, got ${typeof slowMs}`);
  for (const threshold of slowMs) checkNumber(`${option}.slowMs`, threshold, { min: 1, max: Number.MAX_VALUE });
}
