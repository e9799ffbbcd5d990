import { Fifo } from "@breakwater/core";
import type { Flight } from "./admission.ts";
import type { TripWindow } from "../trips/trip.ts";

/**
 * The calls that are running, so that a slow one is seen while it runs, without a timer.
 *
 * For each duration that counts as slow there is a queue, and a call stands in the first one whose duration it has not reached.
 * All calls of a queue have the same way to go, so they are due in the order in which they began: whoever comes by looks at the
 * head, counts it as slow when it is due and moves it to the next queue, until a head is not due. Each call moves once for each
 * duration, whatever hangs, and leaves from wherever it stands in O(1).
 *
 *     slowMs 1000, 5000      began 0.3 s ago [d] [c]   began 1.2 s ago [b] [a]   found slow twice: in no queue
 */
export class Flights {
  readonly #slowMs: readonly number[];
  readonly #queues: readonly Fifo<Flight>[];
  readonly #window: TripWindow;

  /** `slowMs` goes up; the window hears once about each call and duration. */
  constructor(slowMs: readonly number[], window: TripWindow) {
    this.#slowMs = slowMs;
    this.#queues = slowMs.map(() => new Fifo<Flight>());
    this.#window = window;
  }

  depart(flight: Flight): void {
    this.#queues[0]?.push(flight);
  }

  /** Counts those that have become slow. Whether there were any. */
  sweep(now: number): boolean {
    let found = 0;
    for (let index = 0; index < this.#slowMs.length; index += 1) found += this.#sweepQueue(index, this.#slowMs[index] ?? Infinity, now);
    return found > 0;
  }

  /**
   * It ended after so long: by which durations that was slow, and by which fast, counts now unless it was counted before. One
   * that said nothing was slow if it was, but it was not fast. Whether it was slow by any.
   */
  land(flight: Flight, durationMs: number, now: number, isNeutral: boolean): boolean {
    let hasSlowed = false;
    for (let index = flight.passed; index < this.#slowMs.length; index += 1) {
      const slowMs = this.#slowMs[index] ?? Infinity;
      const isSlow = durationMs >= slowMs;
      if (isSlow || !isNeutral) this.#window.recordDuration?.(isSlow, slowMs, now);
      hasSlowed ||= isSlow;
    }
    return hasSlowed;
  }

  /** It runs no more. What was found about it remains. */
  cancel(flight: Flight): void {
    this.#queues[flight.passed]?.remove(flight);
  }

  /** Whether one is slow already, and nobody has seen it. A question without effect. */
  hasDue(now: number): boolean {
    return this.#queues.some((queue, index) => now - (queue.peek()?.startedAt ?? now) >= (this.#slowMs[index] ?? Infinity));
  }

  #sweepQueue(index: number, slowMs: number, now: number): number {
    const queue = this.#queues[index];
    let found = 0;
    for (let flight = queue?.peek(); flight !== undefined && now - flight.startedAt >= slowMs; flight = queue?.peek()) {
      queue?.remove(flight);
      flight.passed += 1;
      this.#queues[flight.passed]?.push(flight);
      this.#window.recordDuration?.(true, slowMs, now);
      found += 1;
    }
    return found;
  }
}
