import { checkNumber, warn, increment, type Call, type ResultGuard } from "@breakwater/core";
import { Bounded } from "./bounded.ts";
import type { BoundedRun } from "./bounded-run.ts";
import { Bounds } from "./bounds.ts";
import { DeadlineExceededError, type DeadlineExceededReason } from "./errors.ts";
import type { DeadlineEvents } from "./events.ts";
import { checkExpectedMs, checkTimeoutMs, readOptions, type DeadlineOptions, type ExpectedMs } from "./options.ts";
import type { DeadlineStats } from "./stats.ts";

/**
 * The whole request must be over by then.
 *
 * How it works, and why. A timeout per hop adds up: three attempts of 800 ms behind a queue of a second are 3.4 s, for a caller
 * who left after one. So the deadline is a point in time, and travels with the call as `deadlineAt`: every wait inside, in a
 * limiter, a pool, between attempts, ends by the same. It only ever shrinks.
 *
 * Whoever shrinks it enforces it, with a timer and a signal of its own; whoever finds a tighter one has nothing to do, and hands
 * the very same call on. So ten deadlines inside one another, the tightest outside, cost ten comparisons and one timer. A deadline
 * that came in with the call from outside nobody enforces yet: that is for a deadline without a `timeoutMs`, once, where calls come in.
 *
 * Before the work is started it asks whether it can end in time at all: nothing is started that nobody will wait for.
 *
 * Prefer {@link Timeout} for an attempt.
 */
export class Deadline<Result = unknown> extends Bounded<Result, DeadlineEvents<Result>> {
  /** By when from the call on, in ms; Infinity when it enforces what the call brings. */
  readonly timeoutMs: number;
  readonly #isOnlyGiven: boolean;
  readonly #expectedMs: ExpectedMs;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: DeadlineOptions<Result> = {}) {
    const { timeoutMs, expectedMs = 0 } = options;
    const ownMs = timeoutMs === undefined ? Infinity : checkTimeoutMs(timeoutMs);
    checkExpectedMs(expectedMs, ownMs);
    super(new Bounds(readOptions(options, "aggressive"), "deadline"));
    this.timeoutMs = ownMs;
    this.#isOnlyGiven = timeoutMs === undefined;
    this.#expectedMs = expectedMs;
  }

  get stats(): DeadlineStats {
    return { ...this.bounds.counts };
  }

  /** @internal */
  protected override begin<T>(call: Call): Promise<never> | undefined | BoundedRun<T> {
    const { now } = this.bounds;
    const ownAt = now + this.timeoutMs;
    const givenAt = call.deadlineAt ?? Infinity;
    // A deadline that is no number is no tighter one.
    const isGiven = givenAt <= ownAt;
    const endsAt = isGiven ? givenAt : ownAt;
    if (endsAt <= now) return this.#refuse(call, "expired", 0, 0);
    if (this.#expectedMs !== 0) {
      const expectedMs = this.#expected(call);
      if (endsAt - now < expectedMs) return this.#refuse(call, "too-short", endsAt - now, expectedMs);
    }
    if (isGiven && !(this.#isOnlyGiven && givenAt < Infinity)) {
      this.#pass();
      return undefined;
    }
    return this.bound<T>(call, now, endsAt, isGiven ? endsAt - now : this.timeoutMs);
  }

  #pass(): void {
    this.bounds.counts.passed += 1;
    if (this.bounds.measures !== undefined) increment(this.bounds.measures.calls.passed);
  }

  #refuse(call: Call, reason: DeadlineExceededReason, remainingMs: number, expectedMs: number): Promise<never> {
    const { bounds } = this;
    if (call.signal?.aborted === true) {
      bounds.neutral();
      return Promise.reject(call.signal.reason);
    }
    bounds.counts.rejections += 1;
    increment(bounds.measures?.calls.rejected);
    const error = new DeadlineExceededError({ reason, remainingMs, expectedMs, source: this.name });
    if (bounds.emitter.has("rejected")) bounds.emitter.emit("rejected", { reason, error });
    return Promise.reject(error);
  }

  // A foreign function that is broken refuses nobody.
  #expected(call: Call): number {
    if (typeof this.#expectedMs === "number") return this.#expectedMs;
    try {
      return checkNumber("expectedMs", this.#expectedMs(call));
    } catch (error) {
      warn(error);
      return 0;
    }
  }
}

/**
 * The layer of a new {@link Deadline}.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function deadline<Result = unknown>(options: DeadlineOptions<Result> = {}): ResultGuard<Result> {
  return new Deadline(options).layer;
}
