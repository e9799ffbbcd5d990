import type { Clock, Timer } from "@breakwater/core";

/** One timer, set for the next moment at which something has to be looked at. It never keeps the process alive. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: Timer | undefined = undefined;
  #ringsAt = Infinity;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at this time instead of the one before; never, when that is Infinity. */
  set(at: number): void {
    if (at === this.#ringsAt) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#ringsAt = at;
    if (at === Infinity) return;
    this.#timer = this.#clock.setTimer(this.#fire, at - this.#clock.now());
    this.#timer.unref();
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    this.#ringsAt = Infinity;
    this.#ring();
  };
}
