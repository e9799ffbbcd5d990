import { checkNumber } from "@breakwater/core";

/**
 * Quantiles of durations in the last while, in memory of a fixed size.
 *
 * The problem: a hedge's delay is the 95th percentile of what calls take, for thousands of calls a second, and of now, not of
 * last night. Keeping samples and sorting them costs memory with the load, and milliseconds where somebody asks (opossum: 4.6 ms
 * at 20,000 samples).
 *
 * The idea: a histogram that is linear within each power of two, sixteen buckets each, so that a bucket is at most 1/16 as wide as
 * its lower end, and its middle at most 1/32, 3.2 %, away from anything in it. That is how a floating-point number is written: its
 * exponent and the first four bits of its fraction *are* the bucket, the upper 16 bits of the 64. No logarithm, no search.
 *
 *     6.3 ms = 2^2 * 1.575     exponent 2, fraction .1001...     bucket [6.25, 6.5)
 *
 * Six such histograms stand in a ring, each for a slice of the window, and their sum beside them. A sample adds to two numbers.
 * When a slice is over the oldest leaves the sum, however long nobody came. So the window covers between `windowMs` less a slice
 * and `windowMs`, and old samples leave in six steps, not all at once.
 *
 * Rejected: a moving estimate (stochastic approximation, as failsafe-go has it) is a single number, but it follows a change slowly
 * or trembles, by a constant that nobody can choose, and its error is not bounded. Decaying samples need a heap.
 */
const slices = 6;
/** Buckets of one power of two, as a number of bits. */
const fractionBits = 4;
/** The smallest and the largest duration that are told apart: 2^-7 ms, 8 us, and 2^25 ms, 9.3 hours. What is outside counts as these. */
const smallest = 2 ** -7;
const largest = 2 ** 25;
const octaves = 32;
const buckets = octaves << fractionBits;

const bits = new DataView(new ArrayBuffer(8));
const firstBucket = prefixOf(smallest);

export class LatencyWindow {
  readonly #sliceMs: number;
  readonly #counts = new Uint32Array(slices * buckets);
  readonly #sizes = new Uint32Array(slices);
  /** In floating point, because without an end to the window it goes beyond 32 bits. */
  readonly #sum = new Float64Array(buckets);
  #size = 0;
  #slice = Number.NEGATIVE_INFINITY;
  /** When the present slice ends. */
  #endsAt: number = Number.NEGATIVE_INFINITY;

  /**
   * @param windowMs - how far back it looks, in ms from 1; Infinity never forgets
   * @throws TypeError or RangeError naming the option and the value.
   */
  constructor(windowMs: number) {
    this.#sliceMs = checkNumber("windowMs", windowMs, { min: 1 }) / slices;
  }

  /** Samples in the window. A time that is before one already seen counts as that one. */
  size(now: number): number {
    this.#advance(now);
    return this.#size;
  }

  /** Adds a sample, in ms. One that is no number is ignored. */
  record(durationMs: number, now: number): void {
    if (Number.isNaN(durationMs)) return;
    this.#advance(now);
    const bucket = bucketOf(durationMs);
    const place = this.#place;
    add(this.#counts, place * buckets + bucket, 1);
    add(this.#sizes, place, 1);
    add(this.#sum, bucket, 1);
    this.#size += 1;
  }

  /**
   * The duration, in ms, that this share of the samples did not exceed, within 3.2 %, by the nearest rank; 0 without samples.
   * It walks the buckets: ask it now and then, not at each call.
   */
  quantile(ratio: number, now: number): number {
    this.#advance(now);
    let left = Math.max(1, Math.ceil(ratio * this.#size));
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      left -= this.#sum[bucket] ?? 0;
      if (left <= 0) return middleOf(bucket);
    }
    return 0;
  }

  // With a window of Infinity there is one slice, number 0.
  get #place(): number {
    return ((this.#slice % slices) + slices) % slices;
  }

  #advance(now: number): void {
    if (now >= this.#endsAt) this.#moveOn(now);
  }

  #moveOn(now: number): void {
    const last = this.#slice;
    const slice = Math.floor(now / this.#sliceMs);
    this.#slice = slice;
    this.#endsAt = (slice + 1) * this.#sliceMs;
    const passed = Math.min(slice - last, slices);
    for (let back = 0; back < passed; back += 1) this.#clear((((slice - back) % slices) + slices) % slices);
  }

  #clear(place: number): void {
    if (this.#sizes[place] === 0) return;
    this.#size -= this.#sizes[place] ?? 0;
    this.#sizes[place] = 0;
    const from = place * buckets;
    for (let bucket = 0; bucket < buckets; bucket += 1) add(this.#sum, bucket, -(this.#counts[from + bucket] ?? 0));
    this.#counts.fill(0, from, from + buckets);
  }
}

function add(counts: Uint32Array | Float64Array, index: number, amount: number): void {
  counts[index] = (counts[index] ?? 0) + amount;
}

/** Sign, exponent and the first bits of the fraction. */
function prefixOf(value: number): number {
  bits.setFloat64(0, value);
  return bits.getUint16(0);
}

function bucketOf(durationMs: number): number {
  if (durationMs < smallest) return 0;
  return durationMs >= largest ? buckets - 1 : prefixOf(durationMs) - firstBucket;
}

function middleOf(bucket: number): number {
  return (lowerEndOf(bucket) + lowerEndOf(bucket + 1)) / 2;
}

function lowerEndOf(bucket: number): number {
  bits.setUint16(0, bucket + firstBucket);
  bits.setUint16(2, 0);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}
