import type { Outcome } from "@breakwater/core";

/**
 * Whether the second level is asked at all. How it works, and why.
 *
 * A store that is gone costs each miss its bounded wait, for nothing. So after some failures in a row it is left alone for a while, and
 * then one operation tries it while all others still pass it by. If that succeeds it is used again, if it fails the pause begins anew.
 * The pause does not grow: one try a second is nothing to a store, and it is found again soon.
 *
 * A result counts for the time in which its operation began: what was sent before a pause says nothing about the store after it.
 */
export class Circuit {
  readonly #failureThreshold: number;
  readonly #pauseMs: number;
  readonly #changed: (isPaused: boolean) => void;
  #failuresInRow = 0;
  /** Undefined while it is used. */
  #pausedUntil: number | undefined = undefined;
  #isTrying = false;
  #generation = 0;

  /** @param changed - called when the state is that already, so it may call back in */
  constructor({ failureThreshold, pauseMs }: { readonly failureThreshold: number; readonly pauseMs: number }, changed: (isPaused: boolean) => void) {
    this.#failureThreshold = failureThreshold;
    this.#pauseMs = pauseMs;
    this.#changed = changed;
  }

  get isPaused(): boolean {
    return this.#pausedUntil !== undefined;
  }

  /** What to tell with the result; undefined if the store is to be left alone. */
  admit(now: number): number | undefined {
    if (this.#pausedUntil === undefined) return this.#generation;
    if (this.#isTrying || now < this.#pausedUntil) return undefined;
    this.#isTrying = true;
    this.#generation += 1;
    return this.#generation;
  }

  /** To be told once of each operation that was admitted. A local refusal is neutral. */
  settle(generation: number, outcome: Outcome, now: number): void {
    if (generation !== this.#generation) return;
    if (outcome === "success") this.#succeeded();
    else if (this.#isTrying) this.#pause(now);
    else if (outcome === "failure") this.#failed(now);
  }

  #succeeded(): void {
    this.#failuresInRow = 0;
    if (this.#pausedUntil === undefined) return;
    this.#pausedUntil = undefined;
    this.#isTrying = false;
    this.#changed(false);
  }

  #failed(now: number): void {
    this.#failuresInRow += 1;
    if (this.#failuresInRow < this.#failureThreshold) return;
    this.#pause(now);
    this.#changed(true);
  }

  #pause(now: number): void {
    this.#isTrying = false;
    this.#generation += 1;
    this.#pausedUntil = now + this.#pauseMs;
  }
}
