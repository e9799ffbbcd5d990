import type { Refusal } from "./admission.ts";
import type { CircuitState } from "./circuit.ts";
import type { Turns } from "./turns.ts";

/** An open period: nobody goes until the break is over. */
export class Open {
  readonly state = "open";
  readonly cause: unknown;
  /** Set when the length of the break is known. Until then it has no end. */
  endsAt: number = Number.POSITIVE_INFINITY;
  /** What the observer believes the state to be: the one before, until it is told of this one. */
  heard: CircuitState;
  readonly #turns: Turns;

  constructor(cause: unknown, heard: CircuitState, turns: Turns) {
    this.cause = cause;
    this.heard = heard;
    this.#turns = turns;
  }

  retryAfterMs(now: number): number {
    return Math.max(0, this.endsAt - now);
  }

  // It lets nobody in, so nobody's call ends in it.
  succeed(): void {
    throw new Error("bug: a call of an open period");
  }

  fail(): void {
    this.succeed();
  }

  release(): void {
    this.succeed();
  }

  forget(): void {
    this.succeed();
  }

  look(): boolean {
    return false;
  }

  /** Undefined when the break is over, which ends the period. */
  admit(now: number): Refusal<"open"> | undefined {
    const retryAfterMs = this.retryAfterMs(now);
    if (retryAfterMs > 0) return { isAdmitted: false, reason: "open", retryAfterMs, cause: this.cause };
    this.#turns.rested();
    return undefined;
  }
}
