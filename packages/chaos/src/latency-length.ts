import { checkNumber, type Call } from "@breakwater/core";
import { isWeighted, type Weighted } from "./weighted.ts";

/** Anything between the two alike, in ms. */
export interface LatencyRange {
  /** From 0. */
  readonly min: number;
  /** From `min`, finite. */
  readonly max: number;
}

/**
 * How long to wait: always so many ms, from 0 to Infinity; between two; one of several by weight; or what a function says of the
 * call.
 */
export type Latency<Input = unknown, Needs extends Call = Call> =
  | number
  | LatencyRange
  | Weighted<number | LatencyRange>
  | ((input: Input, call: Needs) => number);

/** Draws one, in ms. It throws what the user's function throws, or a RangeError for what is no time. */
export type DrawLatency<Input, Needs extends Call> = (input: Input, call: Needs) => number;

/** @throws TypeError or RangeError naming the option and the value. */
export function readLatency<Input, Needs extends Call>(
  latencyMs: Latency<Input, Needs>,
  random: () => number,
): DrawLatency<Input, Needs> {
  if (typeof latencyMs === "function") return (input, call) => checkNumber("latencyMs", latencyMs(input, call));
  if (isWeighted(latencyMs)) {
    const choice = latencyMs;
    return () => lengthOf(choice.pick(random), random);
  }
  // A copy: the range is the caller's, and may change.
  const own = typeof latencyMs === "object" && (latencyMs as unknown) !== null ? { ...latencyMs } : latencyMs;
  checkLength(own);
  return () => draw(own, random);
}

function lengthOf(length: unknown, random: () => number): number {
  checkLength(length);
  return draw(length, random);
}

function checkLength(length: unknown): asserts length is number | LatencyRange {
  if (typeof length !== "object" || length === null) return void checkNumber("latencyMs", length);
  const { min, max } = length as Partial<Record<keyof LatencyRange, unknown>>; // what JavaScript may pass
  checkNumber("latencyMs.max", max, { min: checkNumber("latencyMs.min", min), max: Number.MAX_VALUE });
}

function draw(length: number | LatencyRange, random: () => number): number {
  return typeof length === "number" ? length : length.min + random() * (length.max - length.min);
}
