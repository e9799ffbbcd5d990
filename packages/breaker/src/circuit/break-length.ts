import { checkFunction, checkNumber, warn } from "@breakwater/core";

/** What is known when a breaker opens. */
export interface Opening {
  /**
   * 1 for the first time; one more for each time that it opens without having been well in between: `decayMs` of being closed
   * takes one off.
   */
  readonly level: number;
  /** Why, as in the event `opened`. */
  readonly reason: string;
  /** The failure that was one too many. */
  readonly cause: unknown;
  /** What the dependency asked for, where `classify` told. The break is never shorter than that. */
  readonly retryAfterMs: number | undefined;
}

/**
 * How long a break lasts, in ms. One that throws, or does not answer a number from 0, becomes a process warning, and the break
 * lasts 30 s.
 */
export type BreakLength = (opening: Opening) => number;

export interface ExponentialBreakOptions {
  /** The first break, in ms from 1. Default 5,000. */
  readonly initialMs?: number | undefined;
  /** Each break is so many times the one before: from 1. Default 2. */
  readonly factor?: number | undefined;
  /** The longest, in ms, from `initialMs`. Default 300,000. */
  readonly maxMs?: number | undefined;
  /** What share of a break is left to chance, 0 to 1: with 0.5 it lasts between half of its length and all. Default 0.5. */
  readonly jitter?: number | undefined;
  /** Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/**
 * Breaks that grow: `initialMs x factor ^ (level - 1)`, at most `maxMs`, less a random part, so that many processes that opened
 * together do not probe together. How they shrink again is the breaker's `decayMs`.
 *
 * Source: the jitter is AWS's "equal jitter" at 0.5 and "full jitter" at 1 (Exponential Backoff and Jitter, 2015).
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function exponentialBreak(options: ExponentialBreakOptions = {}): BreakLength {
  const { initialMs = 5_000, factor = 2, maxMs = 300_000, jitter = 0.5, random = Math.random } = options;
  checkNumber("initialMs", initialMs, { min: 1, max: Number.MAX_VALUE });
  checkNumber("factor", factor, { min: 1, max: Number.MAX_VALUE });
  checkNumber("maxMs", maxMs, { min: initialMs });
  checkNumber("jitter", jitter, { max: 1 });
  checkFunction("random", random);
  // An exponent without bound makes Infinity, which the cap takes; it never makes NaN, as nothing is 0.
  return ({ level }) => Math.min(maxMs, initialMs * factor ** (level - 1)) * (1 - jitter * random());
}

const fallbackMs = 30_000;

/** The length, whatever the user's function does. */
export function lengthOf(breakMs: number | BreakLength, opening: Opening): number {
  if (typeof breakMs === "number") return breakMs;
  try {
    return checkNumber("the length of a break", breakMs(opening));
  } catch (error) {
    warn(error);
    return fallbackMs;
  }
}
