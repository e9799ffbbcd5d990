import { cover, type Tally } from "./tally.ts";

const allocate = (length: number): Uint32Array => new Uint32Array(length);
const none = new Uint32Array(0);

/** The samples of one slot of a window; the only thing that a record writes. */
export class Slot implements Tally {
  /** Which slot of time this is. Changes only in {@link Slot.restart}. */
  number = -2;
  offset = 0;
  /** 32 bits hold what a slot can see: 2^32 records of one bucket take 40 s of doing nothing else. */
  counts: Uint32Array = none;
  zeros = 0;
  count = 0;
  sum = 0;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;

  record(value: number, bucket: number): void {
    let index = bucket - this.offset;
    if (index < 0 || index >= this.counts.length) index = this.#widen(bucket);
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.#note(value);
  }

  recordZero(value: number): void {
    this.zeros += 1;
    this.#note(value);
  }

  /** Forgets everything but the memory it took, which the next samples will want again. */
  restart(number: number): void {
    this.number = number;
    this.counts.fill(0);
    this.zeros = this.count = this.sum = 0;
    this.min = Infinity;
    this.max = -Infinity;
  }

  #note(value: number): void {
    this.count += 1;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  #widen(bucket: number): number {
    cover(this, bucket, bucket + 1, allocate);
    return bucket - this.offset;
  }
}
