import { checkNumber } from "@breakwater/core";
import { bucketCount, bucketOf, largest, lowerEdge, smallest } from "./buckets.ts";

/** The seconds that OpenTelemetry's semantic conventions give for request durations. */
export const defaultBounds: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/**
 * The classic `le` buckets of one instrument, shared by its series.
 *
 * A bound such as 0.005 is not an edge of the exponential buckets, so counts for it cannot be derived from theirs
 * without guessing; they are kept apart. To find the class of a value without a search, a table gives for each
 * exponential bucket the first class that its values can be in; from there a step or two decide.
 */
export class Bounds {
  /** Increasing, the last one Infinity. */
  readonly values: Float64Array;
  readonly #firstClass: Uint16Array;

  constructor(bounds: readonly number[]) {
    if (!Array.isArray(bounds)) throw new TypeError(`buckets must be an array, got ${typeof bounds}`);
    checkNumber("buckets.length", bounds.length, { max: 1000 });
    this.values = Float64Array.of(...bounds.map(checkBound), Infinity);
    this.#firstClass = Uint16Array.from({ length: bucketCount }, (_, bucket) => this.#classFrom(0, lowerEdge(bucket)));
    // An edge that equals a bound belongs to the class below it, but the bucket's values are above the edge.
    this.#firstClass.forEach((first, bucket) => {
      if (this.values[first] === lowerEdge(bucket)) this.#firstClass[bucket] = first + 1;
    });
  }

  /** The class of a value that has this exponential bucket: the first whose bound is not below it. */
  classOf(value: number, bucket: number): number {
    return this.#classFrom(this.#firstClass[bucket] ?? 0, value);
  }

  /** The same, for values that have no bucket of their own. */
  search(value: number): number {
    return value > smallest && value <= largest ? this.classOf(value, bucketOf(value)) : this.#classFrom(0, value);
  }

  isSameAs(bounds: readonly number[]): boolean {
    return bounds.length + 1 === this.values.length && bounds.every((bound, index) => bound === this.values[index]);
  }

  #classFrom(first: number, value: number): number {
    let index = first;
    while (value > (this.values[index] ?? Infinity)) index += 1;
    return index;
  }
}

function checkBound(bound: number, index: number, bounds: readonly number[]): number {
  checkNumber(`buckets[${index}]`, bound, { min: -Number.MAX_VALUE, max: Number.MAX_VALUE });
  const previous = bounds[index - 1] ?? -Infinity;
  if (bound > previous) return bound + 0; // of -0 that makes 0
  throw new RangeError(`buckets must increase, got ${previous} before ${bound}`);
}
