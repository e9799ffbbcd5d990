import { checkFunction, checkNumber } from "@breakwater/core";
import type { RateAlgorithm } from "./algorithm.ts";
import { Calendar, type CalendarUnit } from "./calendar.ts";
import { Windows } from "./fixed-window.ts";
import { WallWindow } from "./wall-window.ts";

export interface CalendarWindowOptions {
  /** How much in each: a whole number from 0, or Infinity. */
  readonly limit: number;
  readonly unit: CalendarUnit;
  /** An IANA name, e.g. `Europe/Zurich`. Default `UTC`. */
  readonly timeZone?: string | undefined;
  /** The time that people read, in ms since 1970. Default `Date.now`. */
  readonly wallClock?: (() => number) | undefined;
}

const hourMs = 3_600_000;
const usualMs = { minute: 60_000, hour: hourMs, day: 24 * hourMs, month: 30 * 24 * hourMs };
const shortestMs = { minute: 60_000, hour: hourMs / 2, day: 23 * hourMs, month: (28 * 24 - 1) * hourMs };

/**
 * So much in each minute, hour, day or month of a time zone: quotas that people read. Around the edge of two, twice the limit may
 * pass.
 *
 * @throws TypeError or RangeError naming the option and the value, also for a time zone that the platform does not know.
 */
export function calendarWindow({ unit, timeZone = "UTC", wallClock = Date.now, ...options }: CalendarWindowOptions): RateAlgorithm {
  const limit = checkNumber("limit", options.limit, { integer: true });
  checkFunction("wallClock", wallClock);
  if (!Object.hasOwn(usualMs, unit)) throw new RangeError(`unit must be one of ${Object.keys(usualMs).join(", ")}, got ${unit}`);
  const calendar = calendarOf(unit, timeZone);
  const windows = new WallWindow(usualMs[unit], wallClock, (wall) => calendar.endOf(wall));
  return new Windows({
    limit,
    windowMs: usualMs[unit],
    shortestMs: shortestMs[unit],
    lengthMs: (sinceLastMs) => windows.lengthMs(sinceLastMs),
  });
}

function calendarOf(unit: CalendarUnit, timeZone: string): Calendar {
  try {
    return new Calendar(unit, timeZone);
  } catch {
    throw new RangeError(`timeZone must be one that the platform knows, got ${JSON.stringify(timeZone)}`);
  }
}
