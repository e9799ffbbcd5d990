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
 * The rule that most breakers lack is the *period*: entering a state begins one, each call carries the period that
 * admitted it, and its result counts only while that period lasts. So a slow failure that began before the break can
 * neither end a probe nor spoil the window after it. It is gobreaker's generation as an identity. gobreaker turns its
 * number on window ticks too, so that a call longer than a tick never counts; here only a change of state turns it.
 *
 * Nothing happens by time alone. Open, and half-open with the probe out, are one thing to a caller: no probe may go
 * before `nextProbeAt`, which is the end of the break or of the probe's lease. The first caller after it is the probe, so
 * one that hangs or is lost costs its lease and no more. What an overdue probe says later still counts while the circuit
 * is half-open: it did ask the dependency, and if it did not count, a dependency slower than the lease could never close
 * the circuit. A timer was rejected: it needs care at 2^31 ms, holds or loses processes, and may fire for a period that
 * is over.
 *
 * The clock is read once for each question, refusal, probe and opening, and never to let a call through or to count it
 * while closed. A clock that goes back, against its contract, cannot prolong a wait beyond its own length from then on.
 */
export type BreakerState = "closed" | "open" | "half-open";

/** What a promise is followed with: learns how the call went, and passes the value or the error on. */
export interface Handlers {
  readonly succeeded: (value: unknown) => unknown;
  readonly failed: (error: unknown) => never;
}

/** What let a call in. All calls of a closed period share one; each probe has its own. */
export class Admission {
  readonly isAdmitted = true;
  /** For those who follow promises: bound once for all calls of the admission, and kept at hand. */
  handlers: Handlers | undefined = undefined;
  readonly isProbe: boolean;
  /** Its identity is all there is to it. */
  readonly period: object;

  constructor(isProbe: boolean, period: object) {
    this.isProbe = isProbe;
    this.period = period;
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
  /** Another one with each state. */
  #period: object = {};
  /** What lets calls in while closed. */
  #admission = new Admission(false, this.#period);
  /** The probe that holds the place. Only while half-open. */
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
    if (admission.period !== this.#period) return;
    if (admission.isProbe) this.#close();
    // A success can be the call that completes `minimumCalls`. What opens the circuit then is the failure before it.
    else if (this.#window.record(false)) this.#open();
  }

  fail(admission: Admission, error: unknown): void {
    if (admission.period !== this.#period) return;
    this.#cause = error;
    if (admission.isProbe || this.#window.record(true)) this.#open();
  }

  /** The call said nothing. The place is free at once, if this is the probe that holds it. */
  release(admission: Admission): void {
    if (admission !== this.#probe) return;
    this.#probe = undefined;
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

  #open(): void {
    this.#begin();
    this.#wait(this.#options.clock.now(), this.#options.breakMs);
    this.#enter("open");
  }

  #close(): void {
    this.#window = this.#options.trip.createWindow(); // first, because a trip of the user's may throw
    this.#begin();
    this.#admission = new Admission(false, this.#period);
    this.#cause = undefined;
    this.#enter("closed");
  }

  #lease(now: number): Admission {
    if (this.#state === "open") this.#begin();
    this.#wait(now, this.#options.probeTimeoutMs);
    this.#probe = new Admission(true, this.#period);
    return this.#probe;
  }

  // From here on nothing that was admitted before counts.
  #begin(): void {
    this.#period = {};
    this.#probe = undefined;
  }

  #enter(state: BreakerState): void {
    const from = this.#state;
    this.#state = state;
    if (from !== state) this.#options.changed(from, state);
  }
}
