import type { Simulation } from "@breakwater/sim";

export interface GoodputLineOptions {
  /** Into steps of how many virtual ms the answers are counted. */
  readonly stepMs: number;
  /** An answer is good within so many ms of its request. */
  readonly sloMs: number;
}

const bars = " ▁▂▃▄▅▆▇█";

/** Good answers over time, by the time of the answer. */
export class GoodputLine {
  readonly #sim: Simulation;
  readonly #stepMs: number;
  readonly #sloMs: number;
  readonly #counts: number[] = [];

  constructor(sim: Simulation, { stepMs, sloMs }: GoodputLineOptions) {
    this.#sim = sim;
    this.#stepMs = stepMs;
    this.#sloMs = sloMs;
  }

  /** Follows one request, which is made now. Its error is no answer. */
  track(request: Promise<unknown>): void {
    const madeAt = this.#sim.now();
    request.then(
      () => {
        if (this.#sim.now() - madeAt <= this.#sloMs) this.#count();
      },
      () => undefined,
    );
  }

  meanPerSecond(fromMs: number, untilMs: number): number {
    return (1000 * this.#sum(fromMs, untilMs)) / (untilMs - fromMs);
  }

  /** From when on each step, up to the last full one, had that many a second at least; Infinity when none had. */
  steadyFrom(fromMs: number, perSecond: number): number {
    const last = Math.floor(this.#sim.now() / this.#stepMs);
    let steady = last;
    while (steady * this.#stepMs > fromMs && this.#at(steady - 1) >= (perSecond * this.#stepMs) / 1000) steady -= 1;
    return steady === last ? Infinity : steady * this.#stepMs;
  }

  /** As bars, of which a full one is `fullPerSecond`. */
  text(barMs: number, untilMs: number, fullPerSecond: number): string {
    let text = "";
    for (let fromMs = 0; fromMs < untilMs; fromMs += barMs) {
      const ratio = this.meanPerSecond(fromMs, fromMs + barMs) / fullPerSecond;
      text += bars[Math.min(bars.length - 1, Math.round(ratio * (bars.length - 1)))] ?? "";
    }
    return text;
  }

  #count(): void {
    const step = Math.floor(this.#sim.now() / this.#stepMs);
    this.#counts[step] = this.#at(step) + 1;
  }

  #at(step: number): number {
    return this.#counts[step] ?? 0;
  }

  #sum(fromMs: number, untilMs: number): number {
    let sum = 0;
    for (let step = fromMs / this.#stepMs; step < untilMs / this.#stepMs; step += 1) sum += this.#at(step);
    return sum;
  }
}
