import type { Outcome } from "@breakwater/core";
import type { Trip, TripWindow } from "./trip.ts";

/**
 * The state machine: synchronous, without promises, events or timers. Time is an argument, and asked for only where it
 * matters, so a closed circuit never reads a clock.
 *
 *              trips                      break is over, a caller comes
 *     closed ----------> open <---------+---------------------------> half-open
 *       ^                               | probe failed                    |
 *       +-------------------------------+------ probe succeeded ----------+
 *
 * The rule that most breakers lack is the *admission*: each call carries the object that let it in, and its result counts
 * only while that object is current. A closed period has one admission for all its calls; each probe has its own. Leaving
 * a state retires its admissions, so a slow failure that began before the break can neither end a probe nor spoil the
 * window after it, and no number has to be compared. (gobreaker does this with a generation counter, which it also turns
 * on window ticks, so that calls longer than a tick are never counted; here windows do not retire anything.)
 *
 * There is one probe at a time, on a lease: a probe that has not settled when the lease ends is retired and its place is
 * given to the next caller. A neutral result gives the place back at once and decides nothing.
 */
export type BreakerState = "closed" | "open" | "half-open";

/** What let a call in. Changes only in Circuit. */
export class Admission {
  isCurrent = true;
  readonly isProbe: boolean;

  constructor(isProbe: boolean) {
    this.isProbe = isProbe;
  }
}

export interface CircuitOptions {
  readonly trip: Trip;
  readonly breakMs: number;
  readonly probeTimeoutMs: number;
  readonly now: () => number;
  /** Called after the state has changed. */
  readonly changed: (to: BreakerState) => void;
}

export class Circuit {
  readonly #options: CircuitOptions;
  #state: BreakerState = "closed";
  #window: TripWindow;
  /** What lets calls in while closed; retired when it opens. */
  #admission = new Admission(false);
  #probe: Admission | undefined = undefined;
  #probeEndsAt = -Infinity;
  #openUntil = -Infinity;
  #cause: unknown = undefined;

  constructor(options: CircuitOptions) {
    this.#options = options;
    this.#window = options.trip.createWindow();
  }

  /** The state that a caller would meet now. A question without effect. */
  get state(): BreakerState {
    return this.#state === "open" && this.#options.now() >= this.#openUntil ? "half-open" : this.#state;
  }

  /** The last failure that counted: while it is not closed, the one that opened it. */
  get cause(): unknown {
    return this.#cause;
  }

  /** Until a probe may go, in ms; 0 when a caller would be let in; undefined while a probe is out. */
  get retryAfterMs(): number | undefined {
    if (this.#state === "closed") return 0;
    const now = this.#options.now();
    if (this.#state === "open") return Math.max(0, this.#openUntil - now);
    return this.#probe === undefined || now >= this.#probeEndsAt ? 0 : undefined;
  }

  admit(): Admission | undefined {
    if (this.#state === "closed") return this.#admission;
    const now = this.#options.now();
    if (this.#state === "open") {
      if (now < this.#openUntil) return undefined;
      this.#state = "half-open";
      this.#lease(now);
      const probe = this.#probe;
      this.#options.changed("half-open");
      return probe;
    }
    if (this.#probe !== undefined && now < this.#probeEndsAt) return undefined;
    this.#lease(now);
    return this.#probe;
  }

  /** Credits a result to the state that admitted the call, or drops it. */
  settle(admission: Admission, outcome: Outcome, error: unknown): void {
    if (!admission.isCurrent) return;
    if (admission.isProbe) this.#settleProbe(outcome, error);
    else if (outcome !== "neutral") this.#count(outcome === "failure", error);
  }

  #count(isFailure: boolean, error: unknown): void {
    // A success too can complete a window that is bad enough; what opened the circuit then is the last failure before.
    if (isFailure) this.#cause = error;
    if (this.#window.record(isFailure)) this.#open(this.#cause);
  }

  #settleProbe(outcome: Outcome, error: unknown): void {
    if (outcome === "failure") this.#open(error);
    else if (outcome === "success") this.#close();
    else this.#retireProbe();
  }

  #lease(now: number): void {
    this.#retireProbe();
    this.#probe = new Admission(true);
    this.#probeEndsAt = now + this.#options.probeTimeoutMs;
  }

  #retireProbe(): void {
    if (this.#probe !== undefined) this.#probe.isCurrent = false;
    this.#probe = undefined;
  }

  #open(error: unknown): void {
    this.#admission.isCurrent = false;
    this.#retireProbe();
    this.#cause = error;
    this.#openUntil = this.#options.now() + this.#options.breakMs;
    this.#state = "open";
    this.#options.changed("open");
  }

  #close(): void {
    this.#retireProbe();
    this.#admission = new Admission(false);
    this.#window = this.#options.trip.createWindow();
    this.#cause = undefined;
    this.#state = "closed";
    this.#options.changed("closed");
  }
}
