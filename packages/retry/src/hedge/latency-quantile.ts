import { checkNumber } from "@breakwater/core";
import { LatencyWindow } from "./latency-window.ts";

export interface LatencyQuantileOptions {
  /** The share of first tries that are to answer without a hedge: above 0, below 1. Default 0.95. */
  readonly quantile?: number | undefined;
  /** With fewer samples in the window there is no delay, and no hedge: a whole number from 1. Default 100. */
  readonly minSamples?: number | undefined;
  /** How far back it looks, in ms from 1; Infinity never forgets. Default 60,000. */
  readonly windowMs?: number | undefined;
  /** The delay is no shorter, in ms from 0. Default 1. */
  readonly minMs?: number | undefined;
  /** The delay is no longer, in ms from `minMs`. Default Infinity. */
  readonly maxMs?: number | undefined;
}

const staleAfterMs = 100;
const staleAfterSamples = 100;

/**
 * A hedge's delay, measured: the time within which a share of the first tries answer. How it works, and why.
 *
 * With the quantile 0.95 a hedge is sent for the slowest twentieth, so it adds about 5 % load (The Tail at Scale, CACM, February
 * 2013), whatever the dependency's speed is today, where a number of milliseconds adds none, or all, when that speed changes.
 *
 * What is measured are the first tries that answered, and those that lost to a hedge, with what they had taken by then. Those
 * would have taken longer: their samples are censored. To leave them out would be far worse: only fast tries would remain, the
 * delay would shrink, more tries would lose, and so on down to `minMs`. As they are, all censored samples lie above the delay of
 * their call. So the share of tries that exceed the delay is counted right, and a delay at which it is 1 - quantile stays where it
 * is; a delay that is too short sees too many above it, and moves up as the window moves on, in steps no longer than what a hedge
 * takes. What is too low is any quantile above that of the delay: whoever wants to know the 99th percentile measures elsewhere.
 *
 * It is computed when a call asks, not more often than every 100 ms or 100 samples, whichever is first.
 *
 * Make it with {@link latencyQuantile}. Several hedges of one dependency, on one clock, may share one.
 */
export class LatencyQuantile {
  readonly #quantile: number;
  readonly #minSamples: number;
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #window: LatencyWindow;
  #computedMs = 0;
  #staleAt: number = Number.NEGATIVE_INFINITY;
  #samplesSince = 0;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor({ quantile = 0.95, minSamples = 100, windowMs = 60_000, minMs = 1, maxMs = Infinity }: LatencyQuantileOptions = {}) {
    this.#quantile = checkQuantile(quantile);
    this.#minSamples = checkNumber("minSamples", minSamples, { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true });
    this.#window = new LatencyWindow(windowMs);
    this.#minMs = checkNumber("minMs", minMs);
    this.#maxMs = checkNumber("maxMs", maxMs, { min: minMs });
  }

  /** Adds what a first try took, in ms. `now` is the clock's time. */
  record(durationMs: number, now: number): void {
    this.#window.record(durationMs, now);
    this.#samplesSince += 1;
  }

  /** The delay in ms, as of this time of the clock; undefined with too few samples. */
  delayMs(now: number): number | undefined {
    if (this.#window.size(now) < this.#minSamples) return undefined;
    if (now >= this.#staleAt || this.#samplesSince >= staleAfterSamples) this.#compute(now);
    return this.#computedMs;
  }

  #compute(now: number): void {
    this.#computedMs = Math.min(Math.max(this.#window.quantile(this.#quantile, now), this.#minMs), this.#maxMs);
    this.#staleAt = now + staleAfterMs;
    this.#samplesSince = 0;
  }
}

/** The delay of a {@link Hedge}, measured: so that about 1 - `quantile` of the calls are hedged. */
export function latencyQuantile(options: LatencyQuantileOptions = {}): LatencyQuantile {
  return new LatencyQuantile(options);
}

function checkQuantile(value: number): number {
  checkNumber("quantile", value, { max: 1 });
  if (value > 0 && value < 1) return value;
  throw new RangeError(`quantile must be a number above 0 and below 1, got ${value}`);
}
