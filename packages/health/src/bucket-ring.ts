/**
 * Counts of the recent past: how it works, and why.
 *
 * The problem: "how many calls, and how many failures, in the last minute" without keeping the calls. A moving average
 * by sample is one number, but a burst gives each of its samples almost no weight, so it can hide a total outage. A
 * moving average by time never forgets completely. So the window is cut into ten buckets, each an exact count.
 *
 *     oldest                                  newest: fills until `endsAt`
 *     [ 12 | 40 | 38 | 0 | 51 | 44 | 39 | 41 | 47 | 8 ]        total = the sum, kept up to date
 *
 * Bucket i spans [i, i + 1) * bucketMs on the clock. A sample counts while its bucket is one of the ten newest, that is
 * for more than nine and at most ten tenths of the window.
 *
 * Nothing rotates by itself: whoever adds or reads brings the time. Time that does not cross `endsAt` costs one
 * comparison, and a gap of any length costs at most ten steps, since with the last count gone the ring jumps. A clock
 * that goes back, which it must not, fills the newest bucket.
 *
 * The invariant: `total` and `failures` are the sums of the buckets; both change only together, in add and in #expire.
 *
 * Rejected: a timer that rotates, which would spare the reader's clock (about 60 ns, more than everything else here).
 * A blocked event loop would then put samples into a bucket that is over, and a process that is suspended would wake
 * up with an old minute that looks recent.
 */
export const bucketCount = 10;

export class BucketRing {
  readonly #bucketMs: number;
  readonly #totals = new Float64Array(bucketCount);
  readonly #failures = new Float64Array(bucketCount);
  #newest = -Infinity;
  #slot = 0;
  #total = 0;
  #failed = 0;
  #endsAt = -Infinity;

  /** `windowMs` may be Infinity: then nothing is ever forgotten. */
  constructor(windowMs: number) {
    this.#bucketMs = windowMs / bucketCount;
  }

  get total(): number {
    return this.#total;
  }

  get failures(): number {
    return this.#failed;
  }

  /** When the newest bucket began: after `advance` stopped, the moment at which counts fell out. */
  get startsAt(): number {
    return this.#startOf(this.#newest);
  }

  /** From this time on the ring has to advance before it is read or added to. */
  get endsAt(): number {
    return this.#endsAt;
  }

  /** When the oldest counts fall out; Infinity when there are none. */
  get expiresAt(): number {
    if (this.#total === 0) return Infinity;
    for (let age = bucketCount - 1; age > 0; age -= 1) {
      if (this.#totals[(this.#slot + bucketCount - age) % bucketCount] !== 0) return this.#startOf(this.#newest - age + bucketCount);
    }
    return this.#startOf(this.#newest + bucketCount);
  }

  /** Counts one sample in the newest bucket. True when it is the first there. */
  add(isFailure: boolean): boolean {
    const slot = this.#slot;
    const before = this.#totals[slot] ?? 0;
    this.#totals[slot] = before + 1;
    this.#total += 1;
    if (isFailure) {
      this.#failures[slot] = (this.#failures[slot] ?? 0) + 1;
      this.#failed += 1;
    }
    return before === 0;
  }

  /**
   * Moves on towards `now`. Stops where counts fell out, and returns true there, so that each such moment can be judged;
   * returns false once it has arrived.
   */
  advance(now: number): boolean {
    const target = this.#indexAt(now);
    while (this.#newest < target && this.#total > 0) {
      this.#slot = (this.#slot + 1) % bucketCount;
      this.#moveTo(this.#newest + 1);
      if (this.#expire(this.#slot)) return true;
    }
    if (this.#newest < target) this.#moveTo(target);
    return false;
  }

  #expire(slot: number): boolean {
    const count = this.#totals[slot] ?? 0;
    if (count === 0) return false;
    this.#total -= count;
    this.#failed -= this.#failures[slot] ?? 0;
    this.#totals[slot] = 0;
    this.#failures[slot] = 0;
    return true;
  }

  #moveTo(index: number): void {
    this.#newest = index;
    this.#endsAt = this.#startOf(index + 1);
  }

  #startOf(index: number): number {
    return index * this.#bucketMs;
  }

  // The quotient may be rounded down across a bound, and a timer that was set for the bound would find nothing to do.
  #indexAt(now: number): number {
    const index = Math.floor(now / this.#bucketMs);
    return now >= this.#startOf(index + 1) ? index + 1 : index;
  }
}
