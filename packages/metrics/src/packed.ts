import type { Distribution } from "./distribution.ts";
import type { Tally } from "./tally.ts";

/**
 * A slot that is over, as small as it gets.
 *
 * A series has up to forty slots that are over. As arrays they would take 8 KB for their headers alone, since a typed
 * array costs 200 bytes before its first element. So each becomes a string, one character to the byte, which is the
 * platform's smallest array of bytes: 16 bytes of header, in one piece, nothing else to collect. What is over never
 * changes, so that a string cannot be written to does not matter.
 *
 *     offset, length, zeros    numbers
 *     sum, min, max            8 bytes each
 *     counts                   one number each; 0 is followed by the length of the run of empty buckets
 *
 * A number takes one byte below 128, two below 16,384 (LEB128). So a slot takes some 30 bytes and one or two for each
 * bucket in use.
 */
export type Packed = string;

/** No samples. */
export const emptyPack: Packed = "";

const mostArguments = 2 ** 12;
const base = 128;

// Shared: written and read within one call, which nothing interrupts.
const bytes: number[] = [];
const asDouble = new Float64Array(1);
const asBytes = new Uint8Array(asDouble.buffer);

export function pack(tally: Tally): Packed {
  bytes.length = 0;
  let first = 0;
  let end = tally.length;
  while (first < end && tally.countAt(first) === 0) first += 1;
  while (end > first && tally.countAt(end - 1) === 0) end -= 1;
  pushNumber(tally.offset + first);
  pushNumber(end - first);
  pushNumber(tally.zeros);
  pushDouble(tally.sum);
  pushDouble(tally.min);
  pushDouble(tally.max);
  pushCounts(tally, first, end);
  return textOf(bytes);
}

function pushCounts(tally: Tally, first: number, end: number): void {
  let empty = 0;
  for (let index = first; index < end; index++) {
    const count = tally.countAt(index);
    if (count === 0) {
      empty += 1;
      continue;
    }
    if (empty > 0) pushRun(empty);
    empty = 0;
    pushNumber(count);
  }
}

function pushRun(empty: number): void {
  bytes.push(0);
  pushNumber(empty);
}

function pushNumber(value: number): void {
  let rest = value;
  for (; rest >= base; rest = Math.floor(rest / base)) bytes.push(base + (rest % base));
  bytes.push(rest);
}

function pushDouble(value: number): void {
  asDouble[0] = value;
  for (let index = 0; index < 8; index++) bytes.push(asBytes[index] ?? 0);
}

// Arguments go on the stack, which has room for so many.
function textOf(all: readonly number[]): string {
  if (all.length <= mostArguments) return String.fromCharCode(...all);
  let text = "";
  for (let start = 0; start < all.length; start += mostArguments) text += String.fromCharCode(...all.slice(start, start + mostArguments));
  return text;
}

let source = emptyPack;
let position = 0;

/** Adds the samples of a slot that is over. */
export function addPacked(target: Distribution, packed: Packed): void {
  if (packed === emptyPack) return;
  source = packed;
  position = 0;
  const offset = readNumber();
  const length = readNumber();
  const zeros = readNumber();
  target.addMoments(zeros, readDouble(), readDouble(), readDouble());
  target.cover(offset, length);
  for (let bucket = offset; position < source.length; bucket++) {
    const count = readNumber();
    if (count === 0) bucket += readNumber() - 1;
    else target.addCount(bucket, count);
  }
  source = emptyPack; // or it would be kept alive
}

function readNumber(): number {
  let value = 0;
  for (let scale = 1; ; scale *= base) {
    const byte = source.charCodeAt(position++);
    if (byte < base) return value + byte * scale;
    value += (byte - base) * scale;
  }
}

function readDouble(): number {
  for (let index = 0; index < 8; index++) asBytes[index] = source.charCodeAt(position++);
  return asDouble[0] ?? 0;
}
