/**
 * How values become buckets, and why so.
 *
 * A latency histogram must be cheap to record into, small, mergeable, and right to a known *relative* error from
 * microseconds to minutes. Equal widths fail at the small end, and a sketch that sorts samples costs microseconds. So
 * bucket edges grow by a constant factor: 16 buckets to each doubling, edge(i) = 2^(i/16 - 64), a bucket holds
 * (edge(i), edge(i + 1)]. This is OpenTelemetry's exponential histogram at scale 4 and Prometheus' native schema 4, so
 * either can be written from these counts without moving a sample, and two histograms merge by adding.
 *
 * Error: a quantile answers with the harmonic mean of its bucket's edges, which is off by at most
 * (r - 1) / (r + 1) = 2.17 % for r = 2^(1/16). Interpolating inside the bucket would be off by up to its full width,
 * 4.4 %, for the same memory.
 *
 * Index without a logarithm: a double already carries floor(log2). Its top five mantissa bits choose one of 32 linear
 * steps of the octave; a step is narrower than a bucket, so at most one edge lies inside it, and one comparison of the
 * mantissa with that edge finishes the job.
 *
 *     bits of the double:  s eeeeeeeeeee mmmmm mmm...
 *                            octave      step  compared with the step's edge
 *
 * Rejected: Math.log2 (three times slower, and wrong at powers of two), and plain log-linear buckets with 5 mantissa
 * bits (same speed, twice the memory for the same error bound, and nobody else's format).
 */
export const bucketsPerOctave = 16;

/** Largest relative error of a quantile, for values from 2^-64 to 2^64. */
export const relativeError: number = (2 ** (1 / bucketsPerOctave) - 1) / (2 ** (1 / bucketsPerOctave) + 1);

/** At or below this (5e-20) a value counts as zero; the bound is what bounds a histogram's memory. */
export const smallest: number = 2 ** -64;
/** Above this (1.8e19) a value counts in the last bucket. */
export const largest: number = 2 ** 64;
export const bucketCount: number = 128 * bucketsPerOctave;

const steps = 32;
const lowestExponent = -64;
const exponentBias = 1023;
const mantissas = Float64Array.from({ length: bucketsPerOctave }, (_, n) => 2 ** (n / bucketsPerOctave));

// One value seen as its bits. Shared: it is written and read within one call, which nothing interrupts.
const asDouble = new Float64Array(1);
const asWords = new Uint32Array(asDouble.buffer);
asDouble[0] = 1;
const high = asWords[1] === 0 ? 0 : 1; // a big-endian platform has the high word first
const low = 1 - high;

const stepBucket = new Int32Array(steps); // bucket within the octave at the step's start; -1 is the octave before
const stepEdge = new Float64Array(steps); // mantissa bits of the edge inside the step, else Infinity
for (let step = 0; step < steps; step++) {
  const edgesBelow = mantissas.filter((edge) => edge < 1 + step / steps).length;
  const edge = mantissas[edgesBelow] ?? 2;
  stepBucket[step] = edgesBelow - 1;
  stepEdge[step] = edge < 1 + (step + 1) / steps ? (edge - 1) * 2 ** 52 : Infinity;
}

/** The bucket of a value that is above {@link smallest} and not above {@link largest}. */
export function bucketOf(value: number): number {
  asDouble[0] = value;
  const word = asWords[high] ?? 0;
  const step = (word >>> 15) & (steps - 1);
  const mantissa = (word & 0xfffff) * 2 ** 32 + (asWords[low] ?? 0);
  const octave = (word >>> 20) - exponentBias - lowestExponent;
  const bucket = octave * bucketsPerOctave + (stepBucket[step] ?? 0);
  return mantissa > (stepEdge[step] ?? 0) ? bucket + 1 : bucket;
}

/** Every value in the bucket is above this, and at most `lowerEdge(bucket + 1)`. */
export function lowerEdge(bucket: number): number {
  return (mantissas[bucket & (bucketsPerOctave - 1)] ?? 0) * 2 ** ((bucket >> 4) + lowestExponent);
}

/** The value that is within {@link relativeError} of everything in the bucket. */
export function estimate(bucket: number): number {
  const lower = lowerEdge(bucket);
  return (2 * lower) / (1 + lower / lowerEdge(bucket + 1));
}
