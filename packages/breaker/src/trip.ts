import { checkNumber } from "@breakwater/core";
import { ConsecutiveWindow, CountWindow, type TripWindow } from "./window.ts";

/**
 * When a closed breaker opens. A trip is a description, which any number of breakers may share: each makes a window of
 * its own from it, and a new one each time it closes, so that failures from before a break never count again.
 *
 * One of your own is an object with this one method. A window that throws costs no caller its result: the error becomes a
 * process warning, and that call does not open the breaker.
 */
export interface Trip {
  readonly createWindow: () => TripWindow;
}

/**
 * Trips at that many failures in a row, 5 by default; Infinity never trips. A success starts the count again, a neutral
 * outcome leaves it as it is. Right for dependencies that are either up or down, and the cheapest.
 *
 * @throws TypeError or RangeError when the threshold is not a whole number from 1.
 */
export function consecutiveFailures(threshold = 5): Trip {
  checkNumber("threshold", threshold, { min: 1, integer: true });
  return { createWindow: () => new ConsecutiveWindow(threshold) };
}

export interface CountWindowOptions {
  /** How many finished calls the window holds: a whole number from 1 to 1,000,000. One byte each. */
  readonly size: number;
  /** Trips when failures over calls reaches it: above 0, to 1. */
  readonly failureRatio: number;
  /** With fewer calls in the window it never trips: a whole number from 1 to `size`. Default `size`. */
  readonly minimumCalls?: number | undefined;
}

/**
 * Trips when the share of failures among the last `size` calls is `failureRatio` or more. Neutral outcomes are no calls.
 * Right for dependencies that fail now and then.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function countWindow({ size, failureRatio, minimumCalls = size }: CountWindowOptions): Trip {
  checkNumber("size", size, { min: 1, max: 1_000_000, integer: true });
  checkNumber("failureRatio", failureRatio, { max: 1 });
  if (failureRatio === 0) throw new RangeError("failureRatio must be above 0, got 0");
  checkNumber("minimumCalls", minimumCalls, { min: 1, max: size, integer: true });
  return { createWindow: () => new CountWindow(size, failureRatio, minimumCalls) };
}
