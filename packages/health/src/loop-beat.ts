import type { Clock, Deadlines, Expiring } from "@breakwater/core";

/**
 * How late the event loop is: how it works, and why.
 *
 * The problem: "is this process stuck?", asked from inside. Whoever can answer is not stuck at that moment, so what can
 * be known is how long the loop stood still just now. A beat falls due at regular intervals, and its lateness is how long
 * nothing could run. A question that waited in the socket through the same standstill finds either the beat late or the
 * lateness of the last one; the next beat in time wipes it out.
 *
 * The beat comes at least once per tolerated delay. So a standstill of twice that length covers one with at least the
 * tolerated delay to spare, and is always seen; a shorter one by chance.
 *
 * Rejected: `monitorEventLoopDelay` of `node:perf_hooks`. It exists on one runtime only, reports the interval instead of
 * the delay, and its mean hides one long standstill among thousands of short turns.
 */
export class LoopBeat implements Expiring {
  readonly isHousekeeping = true;
  heapIndex = -1;
  deadlineAt: number = Number.POSITIVE_INFINITY;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #periodMs: number;
  #lateMs = 0;

  /** `toleratedMs` of Infinity: never beats. */
  constructor(toleratedMs: number, clock: Clock, deadlines: Deadlines) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#periodMs = toleratedMs === Infinity ? Infinity : Math.min(toleratedMs, 1000);
  }

  start(): void {
    this.stop();
    this.#schedule();
  }

  /** No delay is known from now on. */
  stop(): void {
    this.#deadlines.delete(this);
    this.deadlineAt = Infinity;
    this.#lateMs = 0;
  }

  /** How long the loop stood still lately, in milliseconds. */
  delayAt(now: number): number {
    return Math.max(this.#lateMs, now - this.deadlineAt);
  }

  expire(): void {
    this.#lateMs = this.#clock.now() - this.deadlineAt;
    this.#schedule();
  }

  #schedule(): void {
    this.deadlineAt = this.#clock.now() + this.#periodMs;
    if (this.deadlineAt < Infinity) this.#deadlines.add(this);
  }
}
