import { estimate } from "./buckets.ts";
import { cover, type Tally } from "./tally.ts";

const allocate = (length: number): Float64Array => new Float64Array(length);
const none = new Float64Array(0);

/** What a set of samples looks like. Everything but the quantiles is exact. */
export interface Summary {
  readonly count: number;
  readonly sum: number;
  /** Samples per second. */
  readonly rate: number;
  /** NaN without samples, like everything below. */
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Quantiles are nearest-rank, within 2.2 % of the sample of that rank. */
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
}

/**
 * Samples of several slots, added up. Quantiles come from here only: they are computed after merging, because neither
 * the sum nor the average of two quantiles is a quantile of anything. Counts are doubles, exact to 2^53.
 */
export class Distribution implements Tally {
  offset = 0;
  counts: Float64Array = none;
  zeros = 0;
  count = 0;
  sum = 0;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;

  get length(): number {
    return this.counts.length;
  }

  countAt(index: number): number {
    return this.counts[index] ?? 0;
  }

  add(other: Tally): void {
    this.addMoments(other.zeros, other.sum, other.min, other.max);
    this.cover(other.offset, other.length);
    for (let index = 0; index < other.length; index++) this.addCount(other.offset + index, other.countAt(index));
  }

  /** Samples of neighbouring buckets, the first of which is `offset`. */
  addCounts(offset: number, counts: ArrayLike<number>): void {
    this.cover(offset, counts.length);
    for (let index = 0; index < counts.length; index++) this.addCount(offset + index, counts[index] ?? 0);
  }

  /** Everything but the samples that have a bucket; those follow. */
  addMoments(zeros: number, sum: number, min: number, max: number): void {
    this.zeros += zeros;
    this.count += zeros;
    this.sum += sum;
    this.min = Math.min(this.min, min);
    this.max = Math.max(this.max, max);
  }

  /** Makes room for these buckets. */
  cover(offset: number, length: number): void {
    if (length > 0) cover(this, offset, offset + length, allocate);
  }

  /** The bucket must be covered. */
  addCount(bucket: number, count: number): void {
    const index = bucket - this.offset;
    this.counts[index] = (this.counts[index] ?? 0) + count;
    this.count += count;
  }

  copy(): Distribution {
    const copy = new Distribution();
    copy.add(this);
    return copy;
  }

  /** The sample of rank ceil(q * count), as near as its bucket tells; NaN without samples. `q` is 0..1. */
  quantile(q: number): number {
    if (this.count === 0) return NaN;
    // In millionths, which are whole: 0.07 * 100 is more than 7, and its ceiling would be a rank too far.
    const rank = Math.max(1, Math.ceil((Math.round(q * 1e6) * this.count) / 1e6));
    return Math.min(Math.max(this.#atRank(rank), this.min), this.max);
  }

  /** `seconds` is the time over which the samples came. */
  summary(seconds: number): Summary {
    const { count, sum, min, max } = this;
    const isEmpty = count === 0;
    return {
      count,
      sum,
      rate: isEmpty ? 0 : count / seconds, // of no samples over no time as well
      mean: sum / count,
      min: isEmpty ? NaN : min,
      max: isEmpty ? NaN : max,
      p50: this.quantile(0.5),
      p90: this.quantile(0.9),
      p95: this.quantile(0.95),
      p99: this.quantile(0.99),
      p999: this.quantile(0.999),
    };
  }

  #atRank(rank: number): number {
    let seen = this.zeros;
    if (seen >= rank) return 0;
    for (let index = 0; index < this.counts.length; index++) {
      seen += this.counts[index] ?? 0;
      if (seen >= rank) return estimate(this.offset + index);
    }
    throw new Error(`bug: no sample of rank ${rank} among ${this.count}`);
  }
}
