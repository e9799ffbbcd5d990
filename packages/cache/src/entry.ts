/** What is kept of one key: a value, or an error that was to be kept. */
export class Entry<V> {
  /** Undefined where it is an error. */
  readonly value: V;
  readonly error: unknown;
  readonly isError: boolean;
  /** Until then it is answered as it is. Times are those of the clock, in ms. */
  readonly freshUntil: number;
  /** Until then it is answered at once, and refreshed in the background. */
  readonly staleUntil: number;
  /** Until then it is answered where a load failed. After that it is as good as gone. */
  readonly usableUntil: number;
  /** How long the load took, in ms. */
  readonly loadMs: number;
  /** Of the write to the second level that it went by or came by. Changes once, with that write. */
  stamp: string | undefined;
  /** How many loads failed since it was kept. Changes only in {@link ShelfLife.backOff}. */
  failures = 0;
  /** No load before then, because the last ones failed. Changes only in {@link ShelfLife.backOff}. */
  retryAt: number = Number.NEGATIVE_INFINITY;

  constructor(value: V, { freshUntil, staleMs, usableMs, loadMs, stamp }: EntryLife, error?: unknown, isError = false) {
    this.value = value;
    this.error = error;
    this.isError = isError;
    this.freshUntil = freshUntil;
    this.staleUntil = freshUntil + staleMs;
    this.usableUntil = freshUntil + usableMs;
    this.loadMs = loadMs;
    this.stamp = stamp;
  }
}

/** All of it always, in one order: each load makes one, and an object of one shape costs a tenth. */
export interface EntryLife {
  readonly freshUntil: number;
  readonly staleMs: number;
  readonly usableMs: number;
  readonly loadMs: number;
  readonly stamp: string | undefined;
}
