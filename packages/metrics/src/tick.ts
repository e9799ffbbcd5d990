import type { Clock, Timer } from "@breakwater/core";

const expired = -1;

/**
 * Which slot of time it is, without asking the clock on every record.
 *
 * Reading the platform's clock costs 40 to 70 ns, three times a record or more. So the first record in a slot reads it
 * and takes a *lease*: until a timer at the slot's end calls it off, the number stands in a field that every histogram
 * of the registry compares with its own. The timer is set only by a record, so an idle process has none; it is one for
 * all histograms, and never keeps the process alive. Reading every Nth record was rejected: at one record a minute, most
 * would be counted N minutes late.
 *
 * The price: while the event loop is blocked past the end of a slot the timer cannot fire, and what is recorded in that
 * turn counts for the slot in which the block began, that is, as older than it is. Every read asks the clock itself.
 *
 * Law: the number never falls, even if the clock does.
 */
export class Tick {
  /** The slot under lease, or -1, which no slot has. Changes only here. */
  number: number = expired;
  readonly slotMs: number;
  readonly #clock: Clock;
  readonly #origin: number;
  #latest = 0;
  #timer: Timer | undefined = undefined;

  constructor(clock: Clock, slotMs: number) {
    this.#clock = clock;
    this.#origin = clock.now();
    this.slotMs = slotMs;
  }

  /** Milliseconds since this was made. */
  elapsedMs(): number {
    return this.#clock.now() - this.#origin;
  }

  /** The number of the slot now, from the lease or else from the clock. For those who record. */
  lease(): number {
    if (this.number === expired) {
      this.number = this.at(this.elapsedMs());
      this.#timer?.cancel();
      this.#timer = this.#clock.setTimer(this.#expire, (this.number + 1) * this.slotMs - this.elapsedMs());
      this.#timer.unref();
    }
    return this.number;
  }

  /** The number of the slot at this elapsed time, which ends a lease that has outlived its slot. For those who read. */
  at(elapsedMs: number): number {
    this.#latest = Math.max(this.#latest, Math.floor(elapsedMs / this.slotMs));
    if (this.number !== this.#latest) this.number = expired;
    return this.#latest;
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    this.number = expired;
  };
}
