import type { Clock } from "@breakwater/core";

/** Something whose time seems to be over. */
export interface Due {
  /** Called once: its time is over indeed, unless something happened to it meanwhile. */
  look(): void;
}

/**
 * A second look before a time is over.
 *
 * How it works, and why. When the event loop was blocked, the timers that fell due meanwhile fire before the answers are read that
 * arrived meanwhile: the loop runs timers first, then I/O. A timeout that trusts its timer fails calls that were answered in
 * time. So whoever is due is looked at again after a turn of the loop, in which answers are taken.
 *
 * All share one timer of no delay. Whoever joins while it runs may have had less than a whole turn, and a busy platform runs
 * such a timer in the same turn; so each is taken at the second firing after it joined. A timeout is told 1 to 3 ms late for it.
 *
 * Rejected: looking again only when the timer was late. A loop that was blocked for 50 ms until 1 ms after the time is hardly late,
 * and the answers of those 50 ms are unread all the same.
 */
export class SecondLook {
  readonly #clock: Clock;
  #joined: Due[] = [];
  /** Those that were there when the timer fired last. */
  #waited: Due[] = [];
  #isSet = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(due: Due): void {
    this.#joined.push(due);
    if (!this.#isSet) this.#set();
  }

  #set(): void {
    this.#isSet = true;
    this.#clock.setTimer(this.#fire, 0);
  }

  readonly #fire = (): void => {
    const over = this.#waited;
    this.#waited = this.#joined;
    this.#joined = [];
    this.#isSet = false;
    if (this.#waited.length > 0) this.#set();
    for (const due of over) due.look();
  };
}
