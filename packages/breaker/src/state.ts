import type { Clock } from "@breakwater/core";
import type { Trip } from "./trip.ts";
import type { TripWindow } from "./window.ts";

/**
 * The state machine: synchronous, without promises, events or timers.
 *
 *              trips                      break is over, a caller comes
 *     closed ----------> open <---------+---------------------------> half-open
 *       ^                               | probe failed                    |
 *       +-------------------------------+------ probe succeeded ----------+
 *
 * The rule that most breakers lack is the *admission*: each call carries the object that let it in, and its result counts
 * only while that object is current. A closed period has one admission for all its calls; each probe has its own. Leaving
 * a state retires its admissions, so a slow failure that began before the break can neither end a probe nor spoil the
 * window after it. It is gobreaker's generation as an identity. gobreaker turns its number on window ticks too, so that a
 * call longer than a tick never counts; here a window retires nothing.
 *
 * Nothing happens by time alone. Open, and half-open with the probe out, are one thing to a caller: no probe may go
 * before `nextProbeAt`, which is the end of the break or of the probe's lease. The first caller after it is the probe, and
 * a probe that it replaces is retired, so one that hangs or is lost costs its lease and no more. A timer was rejected:
 * it needs care at 2^31 ms, holds or loses processes, and may fire for a period that is over.
 *
 * The clock is read once for each question, refusal, probe and opening, and never to let a call through or to count it
 * while closed. A clock that goes back, against its contract, cannot prolong a wait beyond its own length from then on.
 */
export type BreakerState = "closed" | "open" | "half-open";

/** What let a call in. Changes only in Circuit. */
export class Admission {
  readonly isAdmitted = true;
  readonly isProbe: boolean;
  /** Whether a result of the call still counts. */
  isCurrent = true;

  constructor(isProbe: boolean) {
    this.isProbe = isProbe;
  }
}

/** What a caller is told who was not let in. */
export interface Refusal {
  readonly isAdmitted: false;
  readonly reason: "open" | "half-open";
  readonly retryAfterMs: number | undefined;
  readonly cause: unknown;
}

export interface CircuitOptions {
  readonly trip: Trip;
  readonly breakMs: number;
  readonly probeTimeoutMs: number;
  readonly clock: Clock;
  /** Called when the state has changed. */
  readonly changed: (from: BreakerState, to: BreakerState) => void;
}

export class Circuit {
  readonly #options: CircuitOptions;
  #state: BreakerState = "closed";
  #window: TripWindow;
  /** What lets calls in while closed; retired when it opens. */
  #admission = new Admission(false);
  /** The probe that is out. Only while half-open. */
  #probe: Admission | undefined = undefined;
  #nextProbeAt = -Infinity;
  /** How far ahead `nextProbeAt` was set: no wait is longer. */
  #waitMs = 0;
  #cause: unknown = undefined;

  constructor(options: CircuitOptions) {
    this.#options = options;
    this.#window = options.trip.createWindow();
  }

  /** The state that a caller would meet now. A question without effect. */
  get state(): BreakerState {
    return this.#state === "open" && this.#leftMs(this.#options.clock.now()) <= 0 ? "half-open" : this.#state;
  }

  /** While it is not closed, the failure that opened it. */
  get cause(): unknown {
    return this.#cause;
  }

  /** Until a call may go, in ms; 0 when one may now; undefined while a probe is out. A question without effect. */
  get retryAfterMs(): number | undefined {
    if (this.#state === "closed") return 0;
    const leftMs = this.#leftMs(this.#options.clock.now());
    if (leftMs <= 0) return 0;
    return this.#state === "open" ? leftMs : undefined;
  }

  admit(): Admission | Refusal {
    if (this.#state === "closed") return this.#admission;
    const now = this.#options.clock.now();
    const leftMs = this.#leftMs(now);
    if (leftMs > 0) return this.#refuse(now, leftMs);
    const probe = this.#lease(now);
    if (this.#state === "open") this.#enter("half-open");
    return probe;
  }

  succeed(admission: Admission): void {
    if (!admission.isCurrent) return;
    if (admission.isProbe) this.#close();
    // A success can be the call that completes `minimumCalls`. What opens the circuit then is the failure before it.
    else if (this.#window.record(false)) this.#open();
  }

  fail(admission: Admission, error: unknown): void {
    if (!admission.isCurrent) return;
    this.#cause = error;
    if (admission.isProbe || this.#window.record(true)) this.#open();
  }

  /** The call said nothing. A probe's place is free at once. */
  release(admission: Admission): void {
    if (!admission.isCurrent || !admission.isProbe) return;
    this.#retireProbe();
    this.#nextProbeAt = -Infinity;
  }

  /** Closed, with an empty window; what is still running does not count. */
  reset(): void {
    this.#close();
  }

  #refuse(now: number, leftMs: number): Refusal {
    if (this.#nextProbeAt - now > this.#waitMs) this.#nextProbeAt = now + this.#waitMs; // the clock went back
    const isOpen = this.#state === "open";
    return {
      isAdmitted: false,
      reason: isOpen ? "open" : "half-open",
      retryAfterMs: isOpen ? leftMs : undefined,
      cause: this.#cause,
    };
  }

  #leftMs(now: number): number {
    return Math.min(this.#nextProbeAt - now, this.#waitMs);
  }

  #wait(now: number, waitMs: number): void {
    this.#nextProbeAt = now + waitMs;
    this.#waitMs = waitMs;
  }

  #lease(now: number): Admission {
    this.#retireProbe();
    this.#wait(now, this.#options.probeTimeoutMs);
    this.#probe = new Admission(true);
    return this.#probe;
  }

  #retireProbe(): void {
    if (this.#probe !== undefined) this.#probe.isCurrent = false;
    this.#probe = undefined;
  }

  #open(): void {
    this.#admission.isCurrent = false;
    this.#retireProbe();
    this.#wait(this.#options.clock.now(), this.#options.breakMs);
    this.#enter("open");
  }

  #close(): void {
    this.#window = this.#options.trip.createWindow(); // first, because a trip of the user's may throw
    this.#admission.isCurrent = false;
    this.#retireProbe();
    this.#admission = new Admission(false);
    this.#cause = undefined;
    this.#enter("closed");
  }

  #enter(state: BreakerState): void {
    const from = this.#state;
    this.#state = state;
    if (from !== state) this.#options.changed(from, state);
  }
}
