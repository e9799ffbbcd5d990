import type { RetryContext } from "../events.ts";

/**
 * How long to wait before each retry, in ms from 0. It is asked only for calls that failed; an answer of Infinity means no more retries.
 *
 * `start` is called once for each call that is retried, so that what a strategy remembers is that call's alone: the one object is shared
 * by all. What it returns is asked before each retry, with the number of the attempt that has just ended, from 1.
 */
export interface Backoff {
  start(random: () => number): (attempt: number, context: RetryContext) => number;
}

/** A strategy that remembers nothing: the delay after this attempt, in ms from 0. */
export type DelayOf = (attempt: number, context: RetryContext) => number;

/** The strategy, of whatever kind it was given as. */
export function backoffOf(given: Backoff | DelayOf): Backoff {
  if (typeof given === "function") return { start: () => given };
  // JavaScript callers may pass anything.
  if (typeof (given as Partial<Backoff> | null)?.start !== "function") {
    throw new TypeError("backoff must be a function or have a method start, as exponential() has");
  }
  return given;
}
