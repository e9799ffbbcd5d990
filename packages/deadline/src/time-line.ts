import { Deadlines, type Clock, type Expiring } from "@breakwater/core";

// Long enough that calls one after the other need no timer each, short enough that nobody minds what is kept for it.
const lingerMs = 1_000;

/**
 * The deadlines of all calls of one object, on one timer that survives the pauses between them.
 *
 * `Deadlines` cancels its timer when the last call has left, and calls that come one after the other would each set one and
 * cancel it: 1 us, more than all the rest. So a housekeeping entry stands in it for a second from a call on, which keeps the
 * timer, and keeps no process alive.
 */
export class TimeLine {
  readonly #deadlines: Deadlines;
  readonly #linger = { isHousekeeping: true, heapIndex: -1, deadlineAt: 0, expire: (): void => undefined };

  constructor(clock: Clock) {
    this.#deadlines = new Deadlines(clock);
  }

  /** One without a deadline is not put in. */
  add(item: Expiring, now: number): void {
    if (item.deadlineAt === undefined) return;
    if (this.#linger.heapIndex < 0) this.#stay(now);
    this.#deadlines.add(item);
  }

  /** Does nothing when it is not in. */
  delete(item: Expiring): void {
    this.#deadlines.delete(item);
  }

  #stay(now: number): void {
    this.#linger.deadlineAt = now + lingerMs;
    this.#deadlines.add(this.#linger);
  }
}
