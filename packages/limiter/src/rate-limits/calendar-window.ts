import { checkFunction, checkNumber } from "@breakwater/core";
import type { RateAlgorithm } from "./algorithm.ts";
import { Windows } from "./fixed-window.ts";

export interface CalendarWindowOptions {
  /** How much in each: a whole number from 0, or Infinity. */
  readonly limit: number;
  readonly unit: "minute" | "hour" | "day" | "month";
  /** An IANA name, e.g. `Europe/Zurich`. Default `UTC`. */
  readonly timeZone?: string | undefined;
  /** The time that people read, in ms since 1970. Default `Date.now`. */
  readonly wallClock?: (() => number) | undefined;
}

const usualMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000, month: 30 * 86_400_000 };

/**
 * Windows of the calendar: so much a day, by the clock on the wall of that place.
 *
 * A day has 23 or 25 hours when the clocks change, a month 28 to 31 days, so the end of a window is asked from the platform's
 * time zones, once a window. Only that end is a matter of the wall clock: what is left until then is counted on the
 * limiter's own monotonic clock, so setting the computer's clock does not open a window early.
 */
class Calendar {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** When the unit ends in which that time lies; both in ms since 1970. */
  endOf(unit: CalendarWindowOptions["unit"], wall: number): number {
    const local = this.#local(wall);
    // Zones differ from each other, and clocks change, by whole minutes.
    if (unit === "minute") return wall + 60_000 - (local % 60_000);
    if (unit === "hour") return wall + 3_600_000 - (local % 3_600_000);
    const date = new Date(local);
    const year = date.getUTCFullYear();
    const month = date.getUTCMonth();
    return this.#instant(unit === "day" ? Date.UTC(year, month, date.getUTCDate() + 1) : Date.UTC(year, month + 1, 1));
  }

  /** What the wall shows, as if it were UTC. */
  #local(wall: number): number {
    const parts = Object.fromEntries(this.#format.formatToParts(wall).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (((wall % 1000) + 1000) % 1000);
  }

  /** When the wall shows that. Twice, because the first guess may lie on the other side of a change. */
  #instant(local: number): number {
    const guess = local - (this.#local(local) - local);
    return guess - (this.#local(guess) - local);
  }
}

/**
 * So much in each minute, hour, day or month of a time zone: quotas that people read. Around the edge of two, twice the limit may
 * pass.
 *
 * @throws TypeError or RangeError naming the option and the value, also for a time zone that the platform does not know.
 */
export function calendarWindow(options: CalendarWindowOptions): RateAlgorithm {
  const { unit, timeZone = "UTC", wallClock = Date.now } = options;
  const limit = checkNumber("limit", options.limit, { integer: true });
  checkFunction("wallClock", wallClock);
  if (!Object.hasOwn(usualMs, unit)) throw new RangeError(`unit must be one of ${Object.keys(usualMs).join(", ")}, got ${unit}`);
  const calendar = calendarOf(timeZone);
  return new Windows(limit, usualMs[unit], (now) => {
    const wall = wallClock();
    return now + (calendar.endOf(unit, wall) - wall);
  });
}

function calendarOf(timeZone: string): Calendar {
  try {
    return new Calendar(timeZone);
  } catch {
    throw new RangeError(`timeZone must be one that the platform knows, got ${JSON.stringify(timeZone)}`);
  }
}
