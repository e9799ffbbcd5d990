import { isRejected, warn } from "@breakwater/core";
import { Entry } from "./entry.ts";
import type { Settings } from "./options.ts";

/** What the second level says of a value. Times are those of this process's clock. */
export interface Stored {
  /** Undefined for what never ends, which cannot tell its age. */
  readonly writtenAt: number | undefined;
  readonly freshUntil: number;
  readonly loadMs: number;
  readonly stamp: string;
}

/**
 * How long what is kept may be answered: how it works, and why.
 *
 *     kept           freshUntil            staleUntil          usableUntil
 *      |--- fresh -------|--- stale: answer, ---|--- only if the ---|  gone
 *      |    answer       |    and refresh once  |    load fails     |
 *
 * All of it is by comparison when somebody asks: no timer, nothing that wakes up.
 *
 * Values that were kept together end together, and then their loads come together. So a random part of the time to live, at most
 * `jitterRatio` of it, is taken off: taken off and not added, so that `ttlMs` stays a promise.
 *
 * A hot key ends once for all of its callers. With `earlyRefreshBeta` each call refreshes it a little early with a probability that
 * grows towards the end: when `now - loadMs * beta * ln(random) >= freshUntil`. That is XFetch, which needs no agreement between
 * processes: A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.
 *
 * When a load fails, the old value is answered without another load for `refreshBackoffMs`, twice as long after each further
 * failure, at most a minute or `refreshBackoffMs`; else each call in the stale time would begin a load that fails.
 */
export class ShelfLife<K, V> {
  readonly #settings: Settings<K, V>;
  readonly #usableMs: number;

  constructor(settings: Settings<K, V>) {
    this.#settings = settings;
    this.#usableMs = Math.max(settings.staleWhileRevalidateMs, settings.staleIfErrorMs);
  }

  /** Undefined if it is not to be kept. */
  ofValue(value: V, now: number, loadMs: number): Entry<V> | undefined {
    const isNegative = this.#isNegative(value);
    const ttlMs = isNegative ? this.#settings.negativeTtlMs : this.#settings.ttlMs;
    return ttlMs > 0 ? this.#entry(value, isNegative, now + this.#jittered(ttlMs), loadMs, undefined) : undefined;
  }

  /**
   * Of a value from the second level: what is left of its freshness, and no more than if this cache had loaded it then, for who wrote it
   * may have other settings. Undefined if it is no use. No jitter: it was taken off when the value was loaded.
   */
  ofStored(value: V, { writtenAt, freshUntil, loadMs, stamp }: Stored, now: number): Entry<V> | undefined {
    const isNegative = this.#isNegative(value);
    const ttlMs = isNegative ? this.#settings.negativeTtlMs : this.#settings.ttlMs;
    if (ttlMs === 0) return undefined;
    const entry = this.#entry(value, isNegative, Math.min(freshUntil, (writtenAt ?? now) + ttlMs), loadMs, stamp);
    return now < entry.usableUntil ? entry : undefined;
  }

  /** Whether the error is the answer that there is none. A refusal never is: it says nothing about the key. */
  saysNone(error: unknown): boolean {
    const { isNegativeError } = this.#settings;
    return isNegativeError !== undefined && !isRejected(error) && ask(isNegativeError, error);
  }

  /** Of an error that says that there is none. Undefined if it is not to be kept. */
  ofError(error: unknown, now: number): Entry<V> | undefined {
    const { negativeTtlMs } = this.#settings;
    if (negativeTtlMs === 0) return undefined;
    // An entry that is an error has no value that anybody reads.
    const life = { freshUntil: now + this.#jittered(negativeTtlMs), staleMs: 0, usableMs: 0, loadMs: 0, stamp: undefined };
    return new Entry(undefined as V, life, error, true);
  }

  /** Whether this call is the one to refresh before the time. */
  isEarly(entry: Entry<V>, now: number): boolean {
    const { earlyRefreshBeta } = this.#settings;
    if (earlyRefreshBeta === 0 || entry.isError || now < entry.retryAt) return false;
    return now - entry.loadMs * earlyRefreshBeta * Math.log(this.#random()) >= entry.freshUntil;
  }

  /** A load failed; the next one waits a while. */
  backOff(entry: Entry<V>, now: number): void {
    const { refreshBackoffMs } = this.#settings;
    const longestMs = Math.max(refreshBackoffMs, 60_000);
    entry.retryAt = now + this.#jittered(Math.min(refreshBackoffMs * 2 ** entry.failures, longestMs));
    entry.failures += 1;
  }

  #entry(value: V, isNegative: boolean, freshUntil: number, loadMs: number, stamp: string | undefined): Entry<V> {
    const staleMs = isNegative ? 0 : this.#settings.staleWhileRevalidateMs;
    return new Entry(value, { freshUntil, staleMs, usableMs: isNegative ? 0 : this.#usableMs, loadMs, stamp });
  }

  #isNegative(value: V): boolean {
    const { isNegative } = this.#settings;
    return isNegative !== undefined && ask(isNegative, value);
  }

  // Infinity less a part of it, but not less nothing of it, which would be NaN.
  #jittered(ms: number): number {
    const { jitterRatio } = this.#settings;
    return jitterRatio === 0 || ms === Infinity ? ms : ms * (1 - jitterRatio * this.#random());
  }

  /** From 0 to 1, whatever the source says. */
  #random(): number {
    try {
      const drawn = this.#settings.random();
      if (drawn >= 0 && drawn <= 1) return drawn;
      warn(new RangeError(`random must answer a number from 0 to 1, got ${drawn}`));
    } catch (error) {
      warn(error);
    }
    return Math.random();
  }
}

/** A predicate that throws says no: what is asked about is kept as if nobody had asked. */
function ask<T>(predicate: (subject: T) => boolean, subject: T): boolean {
  try {
    return predicate(subject);
  } catch (error) {
    warn(error);
    return false;
  }
}
