import { isRejected } from "@breakwater/core";
import type { Simulation } from "./simulation.ts";

export interface TallyOptions {
  /** Counts what arrives from then on, in virtual ms: the warm-up is left out. Default 0. */
  readonly fromMs?: number | undefined;
  /** And before then. Default Infinity. */
  readonly untilMs?: number | undefined;
  /** An answer is good within so many ms. Default Infinity. */
  readonly sloMs?: number | undefined;
}

/** Counts what became of requests: answered and how late, refused, failed. */
export class Tally {
  readonly #sim: Simulation;
  readonly #fromMs: number;
  readonly #untilMs: number;
  readonly #sloMs: number;
  #times = new Float64Array(1024);
  #isSorted = true;
  /** Requests that came. */
  offered = 0;
  /** Answered, in time or late. */
  answered = 0;
  /** Answered within the objective. */
  good = 0;
  /** Refused on our side, with a `RejectedError`. */
  refused = 0;
  /** Failed in any other way. */
  failed = 0;

  constructor(sim: Simulation, { fromMs = 0, untilMs = Infinity, sloMs = Infinity }: TallyOptions = {}) {
    this.#sim = sim;
    this.#fromMs = fromMs;
    this.#untilMs = untilMs;
    this.#sloMs = sloMs;
  }

  /** Follows one request, which arrives now. Its error is counted here and goes no further. */
  track(request: Promise<unknown>): Promise<void> {
    const arrivedAt = this.#sim.now();
    if (arrivedAt < this.#fromMs || arrivedAt >= this.#untilMs) return request.then(ignore, ignore);
    this.offered += 1;
    return request.then(
      () => this.#answer(this.#sim.now() - arrivedAt),
      (error: unknown) => {
        if (isRejected(error)) this.refused += 1;
        else this.failed += 1;
      },
    );
  }

  /** Answers within the objective, a second, up to now or to the end of the time that counts. */
  get goodPerSecond(): number {
    return (1000 * this.good) / this.#durationMs();
  }

  get answeredPerSecond(): number {
    return (1000 * this.answered) / this.#durationMs();
  }

  get refusedRatio(): number {
    return this.offered === 0 ? 0 : this.refused / this.offered;
  }

  /** The time within which that ratio of the answers came, in ms; NaN without any. */
  quantileMs(ratio: number): number {
    if (this.answered === 0) return NaN;
    if (!this.#isSorted) this.#times.subarray(0, this.answered).sort();
    this.#isSorted = true;
    return this.#times[Math.min(this.answered - 1, Math.floor(ratio * this.answered))] ?? NaN;
  }

  get meanMs(): number {
    let sum = 0;
    for (let i = 0; i < this.answered; i += 1) sum += this.#times[i] ?? 0;
    return sum / this.answered;
  }

  #answer(timeMs: number): void {
    if (this.answered === this.#times.length) {
      const larger = new Float64Array(2 * this.answered);
      larger.set(this.#times);
      this.#times = larger;
    }
    this.#times[this.answered] = timeMs;
    this.answered += 1;
    this.#isSorted = false;
    if (timeMs <= this.#sloMs) this.good += 1;
  }

  #durationMs(): number {
    return Math.min(this.#sim.now(), this.#untilMs) - this.#fromMs;
  }
}

function ignore(): void {
  // what comes before or after the time that counts
}
