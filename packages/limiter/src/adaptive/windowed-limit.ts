import { checkNumber } from "@breakwater/core";
import { Probe } from "./probe.ts";
import type { LimitStrategy, Sample, StrategyPolicy } from "./strategy.ts";
import { Window } from "./window.ts";

/** What a formula makes the next limit from. */
export interface Seen {
  /** The limit that was in force. */
  readonly limit: number;
  /** How long calls took, on average, in ms. */
  readonly meanMs: number;
  /** How long they take when nothing queues. */
  readonly unqueuedMs: number;
  /** Successes a ms, in the best of the last windows. */
  readonly ratePerMs: number;
}

export type Formula = (seen: Seen) => number;

export interface WindowedLimitOptions {
  /** The limit to begin with, from 1. Default 20. */
  readonly initial?: number | undefined;
  /** How often, at most, the limit is lowered for a moment to see calls without a queue, in ms. Default 10,000. */
  readonly probeEveryMs?: number | undefined;
}

const rememberedWindows = 5;
// Somebody was turned away, now and then: more is wanted.
const wantsMore = 0.02;
// The limit is what holds the calls back, rather than a lack of them.
const isInForce = 0.3;
const failuresThatCount = 0.05;
const leastShare = 0.1;
const mostFail = 0.5;

/**
 * A limit that is found window by window: what all strategies have in common that compare latencies.
 *
 * Around the formula, which says what limit fits to what was seen, stand the rules that keep any formula honest:
 *
 * - *No growth without use, no shrinking without cause.* A limit that nobody reached says nothing. It grows when calls met
 *   it, and shrinks when it was in force throughout; load that goes away leaves it where it is.
 * - *Failures count, whatever they took.* Beyond 5 % in a window, a share of the limit is taken away in proportion, down to
 *   a tenth, and comes back in steps of a quarter. Failures are no latencies, so a timeout that is always the same
 *   cannot pass for the normal state of things, and failing fast for none at all.
 * - *A sudden fall is examined.* Calls that have become slower look like a loss of capacity, and a formula that
 *   believed it would shrink for ever: less in flight, less throughput, a smaller limit. So a fall by 30 % asks for a probe.
 * - *The unqueued time is probed* by epochs; see {@link Probe}.
 */
export class WindowedLimit implements LimitStrategy {
  readonly initial: number;
  readonly #formula: Formula;
  readonly #probe: Probe;
  #limit: number;
  /** What failures leave of it. */
  #share = 1;
  #rates: number[] = [];
  #window: Window | undefined = undefined;
  #endedAt = Infinity;

  constructor(formula: Formula, initial: number, probeEveryMs: number, random: () => number) {
    this.#formula = formula;
    this.initial = this.#limit = initial;
    this.#probe = new Probe(probeEveryMs, initial, random);
  }

  sample(sample: Sample): number {
    const { startedAt, endedAt } = sample;
    const window = (this.#window ??= new Window(startedAt));
    if (startedAt > this.#endedAt) window.skip(startedAt - this.#endedAt);
    this.#endedAt = endedAt;
    window.add(sample, this.#shown());
    this.#probe.add(sample);
    if (this.#probe.isOver(endedAt)) this.#endProbe(endedAt);
    else if (window.isOver(endedAt)) this.#endWindow(window, endedAt);
    return this.#shown();
  }

  #shown(): number {
    const limit = Math.max(1, this.#share * this.#limit);
    return this.#probe.isOn ? Math.min(limit, this.#probe.lowLimit) : limit;
  }

  #endWindow(window: Window, now: number): void {
    this.#window = new Window(now);
    if (this.#probe.isOn) {
      if (window.failedRatio < mostFail) return;
      this.#probe.cancel(now); // there is nothing to be learned now
    }
    this.#countFailures(window.failedRatio);
    this.#probe.learnInPassing(now, this.#limit);
    if (window.fullRatio < wantsMore || window.failedRatio >= mostFail) return;
    this.#remember(window.ratePerMs(now));
    if (!this.#probe.isKnown) this.#probe.begin(now);
    else this.#follow(window, now);
  }

  #follow(window: Window, now: number): void {
    const isHeld = window.fullRatio > isInForce;
    const next = this.#next(window.meanMs);
    if (next > this.#limit) {
      if (this.#share < 1) return; // what is in force is less, and says nothing about more
      this.#limit = next;
      this.#probe.follow(next);
    } else if (isHeld && next < 0.7 * this.#probe.knownLimit) {
      this.#limit = Math.min(this.#limit, 0.7 * this.#probe.knownLimit);
      this.#probe.begin(now);
    } else if (isHeld) {
      this.#limit = Math.max(1, next);
    }
    if (isHeld && this.#probe.isDue(now)) this.#probe.begin(now);
  }

  #next(meanMs: number): number {
    const { unqueuedMs } = this.#probe;
    const next = this.#formula({ limit: this.#limit, meanMs, unqueuedMs, ratePerMs: Math.max(...this.#rates) });
    return next > 0 ? next : this.#limit; // a window without a success
  }

  #endProbe(now: number): void {
    // The mean, for the best of several is better than any of them was for long.
    const ratePerMs = this.#rates.reduce((sum, rate) => sum + rate, 0) / Math.max(1, this.#rates.length);
    const { isQueued, isSlower } = this.#probe.end(now, this.#limit, ratePerMs);
    // With a queue, calls took as long as what was in flight takes at that throughput: nothing else is known.
    if (isQueued && ratePerMs > 0) this.#limit = Math.max(1, Math.min(this.#limit, this.#next(this.#limit / ratePerMs)));
    if (isSlower) this.#rates = [];
    this.#window = new Window(now);
  }

  #remember(ratePerMs: number): void {
    this.#rates.push(ratePerMs);
    if (this.#rates.length > rememberedWindows) this.#rates.shift();
  }

  #countFailures(ratio: number): void {
    if (ratio > failuresThatCount) this.#share = Math.max(leastShare, this.#share * (1 - ratio / 2));
    else this.#share = Math.min(1, 1.25 * this.#share);
  }
}

/** @throws TypeError or RangeError naming the option and the value. */
export function windowed(formula: Formula, options: WindowedLimitOptions): StrategyPolicy {
  const initial = checkNumber("initial", options.initial ?? 20, { min: 1, max: Number.MAX_SAFE_INTEGER });
  const probeEveryMs = checkNumber("probeEveryMs", options.probeEveryMs ?? 10_000, { min: 1 });
  return (random) => new WindowedLimit(formula, initial, probeEveryMs, random);
}
