/**
 * How many calls there were in the last while, and how many of them were marked: a ring of buckets, each for a slice of time,
 * with running totals.
 *
 *     windowMs 1000, buckets 5, now 1_730     bucket  4   5   6   7   8 <- now / 200
 *                                             place   4   0   1   2   3 <- bucket % 5
 *
 * When time has moved on, the buckets in between are emptied: all of those that were passed, however long nobody came, so after
 * an idle hour nothing old is left. That is work for each slice passed, at most the number of buckets; within a slice a call
 * adds to two numbers. As the current slice is part of the window, it covers between `windowMs` less a slice and `windowMs`.
 *
 * Plain arrays, not typed ones: V8 keeps small whole numbers as well in them, in half the memory at this size.
 */
export class BucketRing {
  readonly #bucketMs: number;
  readonly #callsIn: number[];
  readonly #markedIn: number[];
  #bucket = 0;
  #place = 0;
  /** When the present slice ends: a comparison for each call, where a division would do. */
  #endsAt: number;
  #calls = 0;
  #marked = 0;

  constructor(windowMs: number, buckets: number) {
    this.#bucketMs = windowMs / buckets;
    this.#endsAt = this.#bucketMs;
    this.#callsIn = new Array<number>(buckets).fill(0);
    this.#markedIn = new Array<number>(buckets).fill(0);
  }

  /** As of the last `advance`. */
  get calls(): number {
    return this.#calls;
  }

  get marked(): number {
    return this.#marked;
  }

  /** Forgets what is older than the window. */
  advance(now: number): void {
    if (now >= this.#endsAt) this.#moveOn(now);
  }

  /** Counts a call in the present slice. */
  count(): void {
    this.#callsIn[this.#place] = (this.#callsIn[this.#place] ?? 0) + 1;
    this.#calls += 1;
  }

  /** Marks a call in the present slice. */
  mark(): void {
    this.#markedIn[this.#place] = (this.#markedIn[this.#place] ?? 0) + 1;
    this.#marked += 1;
  }

  #moveOn(now: number): void {
    const count = this.#callsIn.length;
    const bucket = Math.floor(now / this.#bucketMs);
    for (let next = Math.max(this.#bucket + 1, bucket - count + 1); next <= bucket; next += 1) {
      const place = next % count;
      this.#calls -= this.#callsIn[place] ?? 0;
      this.#marked -= this.#markedIn[place] ?? 0;
      this.#callsIn[place] = this.#markedIn[place] = 0;
    }
    this.#bucket = bucket;
    this.#place = bucket % count;
    this.#endsAt = (bucket + 1) * this.#bucketMs;
  }
}
