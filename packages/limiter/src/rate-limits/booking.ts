import type { Booking } from "./algorithm.ts";

/**
 * What a cancelled booking gives back is the subtle part. Those who booked after it were told their times, which assumed that
 * its units were gone; what they have been promised by then stays theirs, and only the rest goes back:
 *
 *     booked        A (2)      B (1)     C (1)          cancel A: B and C keep their times, so of A's two units
 *     acts at    ---|----------|---------|---> time     none is free again; cancel C: its one is.
 *
 * Source: golang.org/x/time/rate, `CancelAt`. Unlike there, what is taken at once after a cancellation does not count as
 * the last booking, lest an earlier one give back more than it took.
 */
export function unclaimed({ weight, at, msPerUnit }: Booking, last: Booking | undefined, now: number): number {
  if (msPerUnit === 0 || at < now) return 0;
  const promised = msPerUnit === Infinity || last === undefined ? 0 : (last.at - at) / msPerUnit;
  return Math.max(0, weight - Math.max(0, promised));
}

/** What counts as the last booking once this one is cancelled. */
export function lastWithout(booking: Booking, last: Booking | undefined, now: number): Booking | undefined {
  if (booking.at !== last?.at) return last;
  const at = booking.at - booking.weight * booking.msPerUnit;
  return at >= now ? { ...booking, at } : last;
}
