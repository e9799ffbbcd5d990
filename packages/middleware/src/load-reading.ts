import { checkNumber, warn, type Clock } from "@breakwater/core";

/** A load that is read at most once in so long, by whoever asks: no timer, and an idle process reads nothing. */
export class LoadReading {
  readonly #load: () => number;
  readonly #sampleMs: number;
  readonly #clock: Clock;
  #last = 0;
  #readAt: number = Number.NEGATIVE_INFINITY;

  constructor(load: () => number, sampleMs: number, clock: Clock) {
    this.#load = load;
    this.#sampleMs = sampleMs;
    this.#clock = clock;
  }

  /** As it was read last; 0 before that. */
  get last(): number {
    return this.#last;
  }

  /** No older than `sampleMs`. Never throws: a reader that does leaves what was read before. */
  read(): number {
    const now = this.#clock.now();
    const age = now - this.#readAt;
    if (age >= 0 && age < this.#sampleMs) return this.#last; // a clock that was set back tells no age
    this.#readAt = now; // also where reading fails: a broken reader is not asked at each call
    try {
      this.#last = checkNumber("load()", this.#load());
    } catch (error) {
      warn(error);
    }
    return this.#last;
  }
}
