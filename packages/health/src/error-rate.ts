import { BucketRing } from "./bucket-ring.ts";
import type { HealthStatus } from "./status.ts";
import { Threshold } from "./threshold.ts";

/** When a rate becomes a verdict, and which. */
export interface Limits {
  readonly minimumCalls: number;
  readonly degradedRatio: number;
  readonly leaveDegradedRatio: number;
  readonly unhealthyRatio: number;
  readonly leaveUnhealthyRatio: number;
  readonly dwellMs: number;
  readonly keepVerdictMs: number;
}

/**
 * The windowed error rate and its verdict: how it works, and why.
 *
 * Two thresholds, each with its own way in and out (see threshold.ts), and the verdict is the worse of those that are
 * reached. Too few calls are no evidence: then nothing is judged, and what the last judgement said stays, a calm that it
 * saw begin included. Not for ever if it was bad: an instance that gets no traffic for its verdict would keep it for want of
 * traffic.
 *
 * So the verdict depends on the past. Judged only when somebody looks, it would depend on who looked when: an outage
 * followed by a quiet recovery and silence would read UNHEALTHY or HEALTHY. There are three moments at which it can
 * change: a sample, counts that fall out of the window, and the end of a dwell. The first comes by itself. Advancing
 * stops at each of the second and judges there, and settles what has ended on the way before it does. The invariant:
 * the verdict is a function of the samples and the time alone.
 *
 * The ratio is divided out, not multiplied across: a quotient of whole numbers rounds to the same double as the literal
 * that a user writes (1 / 100 is 0.01), while 0.07 * 100 is more than 7.
 */
export class ErrorRate {
  readonly limits: Limits;
  readonly degraded: Threshold;
  readonly unhealthy: Threshold;
  readonly #ring: BucketRing;
  #isJudged = false;
  #verdict: HealthStatus = "UNKNOWN";
  /** Since when there have been too few calls. */
  #drySince: number | undefined = undefined;
  /** The earliest moment that no sample and no bucket brings: the end of a dwell, or of a verdict's time. */
  #settlesAt: number = Number.POSITIVE_INFINITY;

  constructor(windowMs: number, limits: Limits) {
    this.limits = limits;
    this.degraded = new Threshold(limits.degradedRatio, limits.leaveDegradedRatio, limits.dwellMs);
    this.unhealthy = new Threshold(limits.unhealthyRatio, limits.leaveUnhealthyRatio, limits.dwellMs);
    this.#ring = new BucketRing(windowMs);
  }

  get verdict(): HealthStatus {
    return this.#verdict;
  }

  get total(): number {
    return this.#ring.total;
  }

  get failures(): number {
    return this.#ring.failures;
  }

  /** 0 while there are no calls. */
  get ratio(): number {
    return this.#ring.total === 0 ? 0 : this.#ring.failures / this.#ring.total;
  }

  /** When time alone can next change the verdict; Infinity when it cannot. */
  get changesAt(): number {
    return Math.min(this.#ring.expiresAt, this.#settlesAt);
  }

  /** Counts one call and judges. True when `changesAt` may be earlier than it was. */
  add(isFailure: boolean, now: number): boolean {
    this.advance(now);
    const settledAt = this.#settlesAt;
    const isFirst = this.#ring.add(isFailure);
    this.#judge(now);
    return isFirst || this.#settlesAt < settledAt;
  }

  /** Forgets what is too old by now. */
  advance(now: number): void {
    if (now < this.#ring.endsAt && now < this.#settlesAt) return;
    while (this.#ring.advance(now)) {
      const at = this.#ring.startsAt;
      this.#settle(at);
      this.#judge(at);
    }
    this.#settle(now);
  }

  #judge(now: number): void {
    const { total, failures } = this.#ring;
    if (total < this.limits.minimumCalls) {
      this.#drySince ??= now;
    } else {
      const ratio = failures / total;
      this.degraded.judge(failures, ratio, now);
      this.unhealthy.judge(failures, ratio, now);
      this.#isJudged = true;
      this.#drySince = undefined;
    }
    this.#conclude();
  }

  #settle(now: number): void {
    if (now < this.#settlesAt) return;
    // In the order in which they came: a dwell that ends after the verdict was given up ends nothing.
    const until = Math.min(now, this.#forgetsAt);
    this.degraded.settle(until);
    this.unhealthy.settle(until);
    if (now >= this.#forgetsAt && this.#isBad) this.#forget();
    this.#conclude();
  }

  #forget(): void {
    this.degraded.reset();
    this.unhealthy.reset();
    this.#isJudged = false;
  }

  /** A verdict that can take an instance its traffic, and with it the calls that would change the verdict. */
  get #isBad(): boolean {
    return this.degraded.isReached || this.unhealthy.isReached;
  }

  get #forgetsAt(): number {
    return this.#drySince === undefined ? Infinity : this.#drySince + this.limits.keepVerdictMs;
  }

  #conclude(): void {
    this.#settlesAt = Math.min(this.degraded.leavesAt, this.unhealthy.leavesAt, this.#isBad ? this.#forgetsAt : Infinity);
    if (!this.#isJudged) this.#verdict = "UNKNOWN";
    else if (this.unhealthy.isReached) this.#verdict = "UNHEALTHY";
    else this.#verdict = this.degraded.isReached ? "DEGRADED" : "HEALTHY";
  }
}
