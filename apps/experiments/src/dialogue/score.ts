import type { Simulation } from "@breakwater/sim";

/** The status of an attempt that was given up. */
export const noAnswer = 0;

/** How much a failure weighs, as so many calls in progress; half of it is left after 30 s. */
const failureWeight = 10;
// Decays in steps, as dialogue's: ten for each half-life.
const stepMs = 3_000;
const stepFactor = 0.5 ** 0.1;

/** What a client knows of a server: calls in progress, and failures of late. The lower, the better. */
export class Score {
  readonly #sim: Simulation;
  inProgress = 0;
  #failures = 0;
  #decayedAt: number;

  constructor(sim: Simulation) {
    this.#sim = sim;
    this.#decayedAt = sim.now();
  }

  get value(): number {
    this.#decay();
    return this.inProgress + Math.round(this.#failures);
  }

  begin(): void {
    this.inProgress += 1;
  }

  // A 4xx or 429 may be the caller's own fault.
  end(status: number): void {
    this.inProgress -= 1;
    this.#decay();
    if (status === noAnswer || status >= 500) this.#failures += failureWeight;
    else if (status >= 400) this.#failures += failureWeight / 100;
  }

  #decay(): void {
    const steps = Math.floor((this.#sim.now() - this.#decayedAt) / stepMs);
    if (steps === 0) return;
    this.#failures *= stepFactor ** steps;
    this.#decayedAt += steps * stepMs;
  }
}
