import { Deadlines, type Clock, type Expiring } from "@breakwater/core";

// Long enough that calls one after the other need no timer each, short enough that nobody minds what is kept for it.
const lingerMs = 1_000;

/**
 * The deadlines of all calls of one object, on one timer that survives the pauses between them.
 *
 * `Deadlines` cancels its timer when the last call has left, and calls that come one after the other would each set one and
 * cancel it: 1 us, more than all the rest. So a housekeeping entry stays in it for a second after the calls, which keeps the
 * timer, and keeps no process alive.
 */
export class TimeLine {
  readonly #deadlines: Deadlines;
  readonly #linger: Linger;

  constructor(clock: Clock) {
    this.#deadlines = new Deadlines(clock);
    this.#linger = new Linger(clock, this.#deadlines);
  }

  /** One without a deadline is not put in. */
  add(item: Expiring, now: number): void {
    if (item.deadlineAt === undefined) return;
    this.#linger.stay(now);
    this.#deadlines.add(item);
  }

  /** Does nothing when it is not in. */
  delete(item: Expiring): void {
    this.#deadlines.delete(item);
  }
}

class Linger implements Expiring {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly isHousekeeping = true;
  heapIndex = -1;
  deadlineAt = 0;
  #isUsed = false;

  constructor(clock: Clock, deadlines: Deadlines) {
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  stay(now: number): void {
    if (this.heapIndex < 0) this.#join(now);
    else this.#isUsed = true;
  }

  expire(): void {
    if (this.#isUsed) this.#join(this.#clock.now());
  }

  #join(now: number): void {
    this.#isUsed = false;
    this.deadlineAt = now + lingerMs;
    this.#deadlines.add(this);
  }
}
