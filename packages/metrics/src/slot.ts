import { cover, type Span, type Tally } from "./tally.ts";

/**
 * The samples of the present slot of time; the only thing that a record writes.
 *
 * A count has two parts. Its lower 16 bits stand for every bucket of the octaves that were visited; each time they
 * overflow, one is carried into the upper 32 bits, and those exist only for octaves where that happened. A service has a
 * handful of those, and all 26 octaves between 1 us and 1 min take 832 bytes. 48 bits hold 30 years of a record every 4 us.
 * Rejected: an array that grows from 16 to 32 bits, which is as large again for one busy bucket, and which makes every
 * record ask which of the two it has.
 */
export class Slot implements Tally {
  /** Which slot of time this is. Changes only in {@link Slot.restart}. */
  number = -2;
  offset = 0;
  counts: Uint16Array = new Uint16Array(0);
  zeros = 0;
  sum = 0;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;
  /** The upper parts; undefined while no bucket has one. */
  #carried: Span<Uint32Array> | undefined = undefined;

  get length(): number {
    return this.counts.length;
  }

  get isEmpty(): boolean {
    return this.min === Infinity;
  }

  record(value: number, bucket: number): void {
    let index = bucket - this.offset;
    if (index < 0 || index >= this.counts.length) index = this.#widen(bucket);
    const count = ((this.counts[index] ?? 0) + 1) & 0xffff;
    this.counts[index] = count;
    if (count === 0) this.#carry(bucket);
    this.#note(value);
  }

  recordZero(value: number): void {
    this.zeros += 1;
    this.#note(value);
  }

  countAt(index: number): number {
    const count = this.counts[index] ?? 0;
    if (this.#carried === undefined) return count;
    return count + 2 ** 16 * (this.#carried.counts[index + this.offset - this.#carried.offset] ?? 0);
  }

  /** Forgets everything but the memory it took, which the next samples will want again. */
  restart(number: number): void {
    this.number = number;
    this.counts.fill(0);
    this.#carried = undefined;
    this.zeros = this.sum = 0;
    this.min = Infinity;
    this.max = -Infinity;
  }

  #note(value: number): void {
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }

  #widen(bucket: number): number {
    cover(this, bucket, bucket + 1, (length) => new Uint16Array(length));
    return bucket - this.offset;
  }

  #carry(bucket: number): void {
    this.#carried ??= { offset: 0, counts: new Uint32Array(0) };
    cover(this.#carried, bucket, bucket + 1, (length) => new Uint32Array(length));
    const index = bucket - this.#carried.offset;
    this.#carried.counts[index] = (this.#carried.counts[index] ?? 0) + 1;
  }
}
