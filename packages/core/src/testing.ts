import type { Clock, Timer } from "./clock.ts";

interface ManualTimer {
  readonly dueAt: number;
  readonly callback: () => void;
  isUnref: boolean;
}

/**
 * A clock that stands still until a test moves it. Timers fire in order of time, then of creation, each at its own
 * time: inside a callback `now()` is the time it was set for.
 */
export class ManualClock implements Clock {
  #now: number;
  readonly #timers = new Set<ManualTimer>();

  constructor(startAt = 0) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer: ManualTimer = { dueAt: this.#now + Math.max(delayMs, 0), callback, isUnref: false };
    if (delayMs < Infinity) this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer), unref: () => (timer.isUnref = true), ref: () => (timer.isUnref = false) };
  }

  /** Timers set and not yet fired: what a test of clean-up counts. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Those of them that would keep a process alive. */
  get pendingRefTimers(): number {
    return [...this.#timers].filter((timer) => !timer.isUnref).length;
  }

  /** Moves time on and fires what falls due, without letting promises continue in between. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let timer = this.#due(end); timer !== undefined; timer = this.#due(end)) this.#fire(timer);
    this.#now = end;
  }

  /** The same, letting every promise that can settle do so before, between and after the timers. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let timer = this.#due(end); timer !== undefined; timer = this.#due(end)) {
      this.#fire(timer);
      await settled();
    }
    this.#now = end;
    await settled();
  }

  /** Moves time without firing anything, as after a suspend or a blocked event loop; backwards too. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #due(end: number): ManualTimer | undefined {
    let first: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt <= end && (first === undefined || timer.dueAt < first.dueAt)) first = timer;
    }
    return first;
  }

  #fire(timer: ManualTimer): void {
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.dueAt);
    timer.callback();
  }
}

/** Resolves when every promise that can settle without a timer or I/O has done so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
