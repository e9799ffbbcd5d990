import type { Breaker } from "@breakwater/breaker";

/** One thing the breaker did. */
export interface BreakerStep {
  readonly atMs: number;
  readonly to: "open" | "half-open" | "closed";
}

/** Writes down what the breaker did and when. */
export class BreakerLog {
  readonly steps: BreakerStep[] = [];
  #startedAt = performance.now();

  constructor(breaker: Breaker) {
    breaker.on("opened", () => this.#note("open"));
    breaker.on("halfOpened", () => this.#note("half-open"));
    breaker.on("closed", () => this.#note("closed"));
  }

  /** From now on times count from here. */
  start(): void {
    this.#startedAt = performance.now();
  }

  count(to: BreakerStep["to"]): number {
    return this.steps.filter((step) => step.to === to).length;
  }

  #note(to: BreakerStep["to"]): void {
    this.steps.push({ atMs: performance.now() - this.#startedAt, to });
  }
}
