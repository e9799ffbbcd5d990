/**
 * Windows that end when the clock on the wall says so, counted on a monotonic clock.
 *
 * Only where a window ends is a matter of the wall clock, and it is asked once a window; so setting the computer's clock opens no
 * window early. The two clocks drift apart: when the monotonic one says that the window is over, the other may be late by
 * some ms, and a window opened for these few ms would let a third limit pass at the edge. So one that would end right after
 * another has ended is taken for the next.
 */
export class WallWindow {
  readonly #wallClock: () => number;
  readonly #endOf: (wall: number) => number;
  readonly #driftMs: number;

  /** `endOf` answers when the window ends in which that time lies; both in ms since 1970. */
  constructor(windowMs: number, wallClock: () => number, endOf: (wall: number) => number) {
    this.#wallClock = wallClock;
    this.#endOf = endOf;
    this.#driftMs = Math.min(5000, windowMs / 20);
  }

  /** How long the window lasts that begins now, `sinceLastMs` after the last one's end. */
  lengthMs(sinceLastMs: number): number {
    const wall = this.#wallClock();
    const end = this.#endOf(wall);
    const isLate = end - wall < this.#driftMs && sinceLastMs < this.#driftMs;
    return (isLate ? this.#endOf(end) : end) - wall;
  }
}
