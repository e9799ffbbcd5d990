import { Emitter, warn, increment, type Clock, type Counter, type Meter, type Outcome } from "@breakwater/core";
import { Pass, type Admission, type Refusal } from "../circuit/admission.ts";
import { BucketRing } from "../bucket-ring.ts";
import type { Classify } from "../classify.ts";
import { elapsed } from "../elapsed.ts";
import type { Gate } from "../gate.ts";
import { ThrottledError } from "./errors.ts";

export interface ThrottleEvents {
  /** A call was held back. */
  readonly rejected: { readonly error: ThrottledError };
}

export interface ThrottleRules {
  readonly multiplier: number;
  readonly windowMs: number;
  readonly maxRejectionRatio: number;
  readonly minRequestsPerSecond: number;
  readonly classify: Classify | undefined;
  readonly random: () => number;
  readonly clock: Clock;
}

/** Counts, for those who measure, what becomes of calls. */
export type ThrottleCounters = Readonly<Record<Outcome | "rejected", Counter>>;

const buckets = 24;

// Who has just begun has a rate, too: as if it had begun a second earlier.
const headStartMs = 1_000;

/**
 * Counts a request when it is known what became of it: one that is held back here at once, one that was let in when it ends, and
 * then, if it was good, as an accept as well. A call in flight is no refusal; counted when it begins, as the source's wording has
 * it, calls in flight looked like so many refusals, and after a start, a pause or with a slow dependency a healthy one was held
 * back. One that says nothing about the dependency is never counted, so it changes no ratio.
 */
export class ThrottleGate implements Gate {
  readonly events: Emitter<ThrottleEvents> = new Emitter<ThrottleEvents>();
  readonly name: string | undefined;
  rejections = 0;
  readonly #rules: ThrottleRules;
  readonly #counters: ThrottleCounters | undefined;
  readonly #ring: BucketRing;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #pass = new Pass();
  #cause: unknown = undefined;

  constructor(rules: ThrottleRules, name: string | undefined, counters: ThrottleCounters | undefined) {
    this.#rules = rules;
    this.name = name;
    this.#counters = counters;
    this.#ring = new BucketRing(rules.windowMs, buckets);
    this.#now = elapsed(rules.clock);
    this.#startedAt = this.#now();
  }

  get classify(): Classify | undefined {
    return this.#rules.classify;
  }

  get requests(): number {
    this.#ring.advance(this.#now());
    return this.#ring.calls;
  }

  get accepts(): number {
    this.#ring.advance(this.#now());
    return this.#ring.marked;
  }

  get rejectionRatio(): number {
    const now = this.#now();
    this.#ring.advance(now);
    return this.#ratio(now);
  }

  admit(): Admission | Refusal {
    const now = this.#now();
    this.#ring.advance(now);
    const ratio = this.#ratio(now);
    if (ratio === 0 || !this.#draws(ratio)) return this.#pass;
    this.#ring.count();
    return { isAdmitted: false, reason: "overloaded", retryAfterMs: undefined, cause: this.#cause };
  }

  succeed(): void {
    increment(this.#counters?.success);
    this.#ring.advance(this.#now());
    this.#ring.count();
    this.#ring.mark();
  }

  fail(_: Admission, error: unknown): void {
    increment(this.#counters?.failure);
    this.#ring.advance(this.#now());
    this.#ring.count();
    this.#cause = error;
  }

  release(): void {
    increment(this.#counters?.neutral);
  }

  refuse({ cause }: Refusal): ThrottledError {
    const error = new ThrottledError({ rejectionRatio: this.#ratio(this.#now()), source: this.name, cause });
    this.#countRejection();
    if (this.events.has("rejected")) this.events.emit("rejected", { error });
    return error;
  }

  turnAway(refusal: Refusal): void {
    if (this.events.has("rejected")) this.refuse(refusal);
    else this.#countRejection();
  }

  /** Whether chance holds this one back. */
  #draws(ratio: number): boolean {
    try {
      return this.#rules.random() < ratio;
    } catch (error) {
      warn(error);
      return false;
    }
  }

  #ratio(now: number): number {
    const { multiplier, windowMs, maxRejectionRatio, minRequestsPerSecond } = this.#rules;
    const { calls: requests, marked: accepts } = this.#ring;
    const spanMs = Math.min(windowMs, now - this.#startedAt + headStartMs);
    if (requests * 1_000 < minRequestsPerSecond * spanMs) return 0;
    return Math.min(maxRejectionRatio, Math.max(0, (requests - multiplier * accepts) / (requests + 1)));
  }

  #countRejection(): void {
    this.rejections += 1;
    increment(this.#counters?.rejected);
  }
}

export function throttleCounters(meter: Meter, name: string | undefined): ThrottleCounters {
  const counter = (outcome: string): Counter =>
    meter.counter("breakwater.throttle.calls", {
      description: "Calls by outcome; the rejected ones did not reach the dependency",
      unit: "{call}",
      attributes: { ...(name !== undefined && { name }), outcome },
    });
  return { success: counter("success"), failure: counter("failure"), neutral: counter("neutral"), rejected: counter("rejected") };
}
