import type { Clock, Timer } from "@breakwater/core";
import type { KeyedEntry } from "./entry.ts";

/**
 * Forgets keys that have become empty. One whose creates fail is kept until its longest pause between creates is over: who asks for it
 * again is to meet that pause, not a pool that knows nothing. A look is taken when the present turn is over, since whoever gives the
 * last place back may be about to take another.
 */
export class Cleaner<R> {
  readonly #clock: Clock;
  readonly #keepMs: number;
  readonly #entries: ReadonlyMap<string, KeyedEntry<R>>;
  readonly #forget: (entry: KeyedEntry<R>) => void;
  #timer: Timer | undefined = undefined;
  #isStopped = false;

  constructor(clock: Clock, keepMs: number, entries: ReadonlyMap<string, KeyedEntry<R>>, forget: (entry: KeyedEntry<R>) => void) {
    this.#clock = clock;
    this.#keepMs = keepMs;
    this.#entries = entries;
    this.#forget = forget;
  }

  /** A resource of it is gone. */
  look(entry: KeyedEntry<R>): void {
    queueMicrotask(() => {
      if (this.#isStopped || !isEmpty(entry)) return;
      if (entry.pool.stats.isDown) this.#lookLater();
      else this.#forget(entry);
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Twice the pause, because it may have begun anew since. */
  #lookLater(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimer(() => this.#sweep(), 2 * this.#keepMs);
    this.#timer.unref();
  }

  #sweep(): void {
    this.#timer = undefined;
    for (const entry of [...this.#entries.values()]) if (isEmpty(entry)) this.#forget(entry);
  }
}

function isEmpty<R>({ pool }: KeyedEntry<R>): boolean {
  const { size, waiting } = pool.stats;
  return size === 0 && waiting === 0;
}
