import { bucketsPerOctave } from "../buckets.ts";

/**
 * Counts as a snapshot writes them: those of empty buckets in a row become one negative number, because a latency that
 * now and then takes a second leaves hundreds of them. The ends are never empty.
 */
export interface PackedCounts {
  readonly offset: number;
  readonly counts: readonly number[];
}

/** The number that OpenTelemetry gives to this package's bucket 0. */
const first = -64 * bucketsPerOctave;

/** `offset` counts as this package does; that of the answer as OpenTelemetry does. */
export function packCounts(offset: number, counts: ArrayLike<number>): PackedCounts {
  const packed: number[] = [];
  let start = 0;
  let empty = 0;
  for (let index = 0; index < counts.length; index++) {
    const count = counts[index] ?? 0;
    if (count === 0) {
      empty += 1;
      continue;
    }
    if (packed.length === 0) start = offset + index + first;
    else if (empty > 0) packed.push(-empty);
    packed.push(count);
    empty = 0;
  }
  return { offset: start, counts: packed };
}

/** One count per bucket, the empty ones too. */
export function unpackCounts(counts: readonly number[]): number[] {
  const unpacked = new Array<number>(lengthOf(counts)).fill(0);
  let index = 0;
  for (const count of counts) {
    if (count < 0) index -= count;
    else unpacked[index++] = count;
  }
  return unpacked;
}

/** How many buckets they are, the empty ones too. */
export function lengthOf(counts: readonly number[]): number {
  return counts.reduce((length, count) => length + (count < 0 ? -count : 1), 0);
}

/** Back to how this package counts its buckets. */
export function ownOffset(offset: number): number {
  return offset - first;
}
