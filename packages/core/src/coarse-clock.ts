import { checkNumber } from "./check.ts";
import { systemClock, type Clock, type Timer } from "./clock.ts";

/**
 * A clock that is cheap to read, and behind by up to its resolution.
 *
 * Reading the platform's clock costs more than an `await`; a window of ten seconds, asked at every call, does not need it to the
 * microsecond. So while somebody reads, a timer takes the time every `resolutionMs` and readers get what it took last. When
 * nobody has read for that long it stops, and the next reading is fresh: an idle process is not woken, and after a pause, however
 * long, the first reading is right. The timer never keeps the process alive. A blocked event loop holds this clock up as well.
 *
 * Not for measuring how long things take. Its timers are the source's own.
 */
export class CoarseClock implements Clock {
  readonly #source: Clock;
  readonly #resolutionMs: number;
  /** What was taken last; undefined when that is too old. */
  #taken: number | undefined = undefined;
  #isRead = false;

  /**
   * @param resolutionMs - how far it may be behind, in ms from 1; default 10
   * @throws TypeError or RangeError naming the option and the value.
   */
  constructor(resolutionMs = 10, source: Clock = systemClock) {
    this.#resolutionMs = checkNumber("resolutionMs", resolutionMs, { min: 1, max: Number.MAX_VALUE });
    this.#source = source;
  }

  now(): number {
    this.#isRead = true;
    return this.#taken ?? this.#take();
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    return this.#source.setTimer(callback, delayMs);
  }

  #take(): number {
    this.#source.setTimer(this.#tick, this.#resolutionMs).unref();
    return (this.#taken = this.#source.now());
  }

  readonly #tick = (): void => {
    const isWanted = this.#isRead;
    this.#isRead = false;
    if (isWanted) this.#take();
    else this.#taken = undefined;
  };
}
