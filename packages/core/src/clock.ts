/** A timer that was set. Cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
  /** From now on this timer alone does not keep the process alive. */
  unref(): void;
  /** Takes `unref` back. A timer that cannot do this is set anew instead. */
  ref?(): void;
}

/** Where time comes from. It must be monotonic: it may stand still, but never goes back. */
export interface Clock {
  /** Milliseconds since an arbitrary origin, with fractions where the platform has them. */
  now(): number;
  /** Calls back once, no earlier than `delayMs` from now; never when that is Infinity. */
  setTimer(callback: () => void, delayMs: number): Timer;
}

// The platform's timers hold 31 bits; a longer delay would fire after 1 ms.
const longestMs = 2 ** 31 - 1;

class SystemTimer implements Timer {
  readonly #callback: () => void;
  readonly #dueAt: number;
  #handle: ReturnType<typeof setTimeout> | undefined;
  #isUnref = false;

  constructor(callback: () => void, delayMs: number) {
    this.#callback = callback;
    this.#dueAt = performance.now() + delayMs;
    if (delayMs < Infinity) this.#arm(delayMs);
  }

  #arm(delayMs: number): void {
    this.#handle = setTimeout(this.#fire, Math.min(Math.max(delayMs, 0), longestMs));
    if (this.#isUnref) this.unref();
  }

  // The platform rounds delays to whole milliseconds and may fire early by a fraction, so the clock has the last word.
  readonly #fire = (): void => {
    const leftMs = this.#dueAt - performance.now();
    if (leftMs > 0) {
      this.#arm(Math.ceil(leftMs));
    } else {
      this.#handle = undefined;
      this.#callback();
    }
  };

  cancel(): void {
    clearTimeout(this.#handle);
    this.#handle = undefined;
  }

  ref(): void {
    this.#isUnref = false;
    if (typeof this.#handle === "object") this.#handle.ref();
  }

  unref(): void {
    this.#isUnref = true;
    // Browsers and workers return a number, which has nothing to unref.
    if (typeof this.#handle === "object") this.#handle.unref();
  }
}

/** The platform's monotonic clock and timers. Delays beyond 2^31-1 ms, and Infinity, work. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer: (callback, delayMs) => new SystemTimer(callback, delayMs),
};
