import { checkNumber } from "@breakwater/core";
import type { Backoff } from "./backoff.ts";
import { spreadOf, type Jitter } from "./jitter.ts";

export interface ExponentialOptions {
  /** What the first delay is made of, in ms from 0. Default 100. */
  readonly initialMs?: number | undefined;
  /** How many times the one before each is, from 1. Default 2. */
  readonly factor?: number | undefined;
  /** No delay is longer, jitter included: in ms from `initialMs`, finite. Default 30,000, or `initialMs` if that is more. */
  readonly maxMs?: number | undefined;
  /**
   * Default `full`. With `decorrelated` each delay is drawn between `initialMs` and the delay before, times `2 * factor - 1`: it
   * depends on what came before it, not on the number of the attempt, and is never shorter than `initialMs`.
   */
  readonly jitter?: Jitter | "decorrelated" | undefined;
}

/**
 * Delays that grow by the same factor each time: `initialMs * factor ** (attempt - 1)`, at most `maxMs`, less chance. The formulas are
 * those of the AWS architecture blog, "Exponential Backoff And Jitter", whose decorrelated jitter has the 3 that a factor of 2 makes.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function exponential(options: ExponentialOptions = {}): Backoff {
  const { initialMs = 100, factor = 2, jitter = "full" } = options;
  checkNumber("initialMs", initialMs, { max: Number.MAX_VALUE });
  checkNumber("factor", factor, { min: 1, max: Number.MAX_VALUE });
  const { maxMs = Math.max(30_000, initialMs) } = options;
  checkNumber("maxMs", maxMs, { min: initialMs, max: Number.MAX_VALUE });
  return jitter === "decorrelated" ? decorrelated(initialMs, factor, maxMs) : powers(initialMs, factor, maxMs, jitter);
}

function powers(initialMs: number, factor: number, maxMs: number, jitter: Jitter): Backoff {
  const spread = spreadOf(jitter);
  // The power is kept finite: nothing times Infinity would be no number.
  const delayOf = (attempt: number): number => Math.min(initialMs * Math.min(factor ** (attempt - 1), Number.MAX_VALUE), maxMs);
  return { start: (random) => (attempt) => Math.min(spread(delayOf(attempt), random), maxMs) };
}

function decorrelated(initialMs: number, factor: number, maxMs: number): Backoff {
  const growth = Math.min(2 * factor - 1, Number.MAX_VALUE);
  return {
    start: (random) => {
      let delayMs = initialMs;
      return () => {
        const longestMs = Math.min(delayMs * growth, Number.MAX_VALUE);
        delayMs = Math.min(initialMs + random() * (longestMs - initialMs), maxMs);
        return delayMs;
      };
    },
  };
}
