import type { Clock, Timer } from "@breakwater/core";
import type { HeartbeatSettings } from "./socket-options.ts";

/**
 * Finds out that nobody is there: a connection whose other end has vanished, without a goodbye, looks open for many minutes.
 *
 * Any sign of life counts, and while there are some nothing is sent. When the time for an answer is over it looks once more, a turn
 * of the event loop later: after a pause of our own process the timer comes first, and the answer that is in already second.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #settings: HeartbeatSettings;
  readonly #ask: () => void;
  readonly #isDead: () => void;
  #timer: Timer | undefined = undefined;
  #heardAt: number;
  /** Since the last question. A flag, as an answer can come in the same millisecond. */
  #isHeard = false;

  constructor(clock: Clock, settings: HeartbeatSettings, ask: () => void, isDead: () => void) {
    this.#clock = clock;
    this.#settings = settings;
    this.#ask = ask;
    this.#isDead = isDead;
    this.#heardAt = clock.now();
    this.#arm(settings.intervalMs, this.#look);
  }

  /** A sign of life. */
  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#isHeard = true;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(delayMs: number, callback: () => void): void {
    this.#timer = this.#clock.setTimer(callback, delayMs);
    this.#timer.unref(); // the connection itself keeps the process alive
  }

  readonly #look = (): void => {
    const leftMs = this.#heardAt + this.#settings.intervalMs - this.#clock.now();
    if (leftMs > 0) {
      this.#arm(leftMs, this.#look);
      return;
    }
    this.#isHeard = false;
    this.#arm(this.#settings.timeoutMs, () => this.#arm(0, this.#judge));
    this.#ask();
  };

  readonly #judge = (): void => {
    if (this.#isHeard) this.#look();
    else this.#isDead();
  };
}
