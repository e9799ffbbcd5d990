import { bucketsPerOctave } from "./buckets.ts";

/** What is known about a set of samples, exactly except for the place of a sample within its bucket. */
export interface Tally {
  /** The first bucket that may have samples. */
  readonly offset: number;
  /** How many neighbouring buckets may have some. */
  readonly length: number;
  /** Samples in the bucket `offset + index`. */
  countAt(index: number): number;
  /** Samples that are zero, or too small to have a bucket. */
  readonly zeros: number;
  readonly sum: number;
  /** Infinity without samples. */
  readonly min: number;
  /** -Infinity without samples. */
  readonly max: number;
}

type Counts = Uint16Array | Uint32Array | Float64Array;

/** Counts for a run of neighbouring buckets: `counts[i]` belongs to bucket `offset + i`. */
export interface Span<Array extends Counts> {
  offset: number;
  counts: Array;
}

/**
 * Widens the run, by whole octaves, until it holds the buckets `from` to `to` (exclusive), so that a series pays for the
 * octaves that its values visit: ten from 1 ms to 1 s, 26 from 1 us to 1 min.
 */
export function cover<Array extends Counts>(
  span: Span<Array>,
  from: number,
  to: number,
  allocate: (length: number) => Array,
): void {
  const length = span.counts.length;
  const start = length === 0 ? from : Math.min(from, span.offset);
  const end = length === 0 ? to : Math.max(to, span.offset + length);
  const first = start - (start % bucketsPerOctave);
  const widened = Math.ceil((end - first) / bucketsPerOctave) * bucketsPerOctave;
  if (widened === length) return;
  const counts = allocate(widened);
  if (length > 0) counts.set(span.counts, span.offset - first);
  span.offset = first;
  span.counts = counts;
}
