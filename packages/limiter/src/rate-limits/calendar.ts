export type CalendarUnit = "minute" | "hour" | "day" | "month";

/**
 * Where the units of a calendar end, in one time zone.
 *
 * A day has 23 or 25 hours when the clocks change, a month 28 to 31 days, and some zones have no midnight on the day of the
 * change. The platform knows all this: it says what the wall shows at a moment, and the moment at which it shows something
 * is found from that, on either side of a change. The last unit is remembered, because asking costs microseconds.
 */
export class Calendar {
  readonly #format: Intl.DateTimeFormat;
  readonly #unit: CalendarUnit;
  #from = Infinity;
  #end = -Infinity;

  /** @throws RangeError for a time zone that the platform does not know. */
  constructor(unit: CalendarUnit, timeZone: string) {
    this.#unit = unit;
    const numeric = "numeric";
    const fields = { year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric } as const;
    this.#format = new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", ...fields });
  }

  /** When the unit ends in which that time lies; both in ms since 1970. */
  endOf(wall: number): number {
    if (wall >= this.#from && wall < this.#end) return this.#end;
    this.#from = wall;
    return (this.#end = this.#ask(wall));
  }

  #ask(wall: number): number {
    const shown = this.#shownAt(wall);
    // Zones differ from each other by whole minutes, and a change of less than an hour happens at the end of one.
    if (this.#unit === "minute") return wall + 60_000 - (shown % 60_000);
    if (this.#unit === "hour") return wall + 3_600_000 - (shown % 3_600_000);
    const date = new Date(shown);
    const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
    return this.#firstShowing(this.#unit === "day" ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1));
  }

  /** What the wall shows, as if it were UTC. */
  #shownAt(wall: number): number {
    const parts = Object.fromEntries(this.#format.formatToParts(wall).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (((wall % 1000) + 1000) % 1000);
  }

  /** When the wall shows that, or more where that is skipped. */
  #firstShowing(shown: number): number {
    const one = shown - (this.#shownAt(shown) - shown);
    const other = shown - (this.#shownAt(one) - one);
    const [early, late] = [Math.min(one, other), Math.max(one, other)];
    return this.#shownAt(early) >= shown ? early : late;
  }
}
