import type { Way } from "../network/clients.ts";

/** What became of the normal requests that were due in one phase. */
export interface PhaseTraffic {
  readonly durationMs: number;
  readonly sent: number;
  /** Answered, rightly, within the deadline. */
  readonly inTime: number;
  /** The others, by what became of them. */
  readonly missed: Readonly<Record<string, number>>;
  /** Of those in time, from when they were due; NaN when there were none. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
}

/** Counts them. A request belongs to the phase in which it was due. */
export class Tally {
  readonly #startedAt = performance.now();
  #endedAt: number | undefined;
  #sent = 0;
  #open = 0;
  readonly #times: number[] = [];
  readonly #missed = new Map<string, number>();
  #settled: () => void = () => undefined;

  sent(): void {
    this.#sent += 1;
    this.#open += 1;
  }

  inTime(tookMs: number): void {
    this.#times.push(tookMs);
    this.#end();
  }

  missed(way: Way, why: string): void {
    const reason = `${way}: ${why}`;
    this.#missed.set(reason, (this.#missed.get(reason) ?? 0) + 1);
    this.#end();
  }

  /** No more are due. Resolves when all that were have come to something. */
  async close(): Promise<PhaseTraffic> {
    this.#endedAt = performance.now();
    if (this.#open > 0) await new Promise<void>((resolve) => (this.#settled = resolve));
    const times = this.#times.toSorted((a, b) => a - b);
    const at = (share: number): number => times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? NaN;
    const durationMs = this.#endedAt - this.#startedAt;
    return { durationMs, sent: this.#sent, inTime: times.length, missed: Object.fromEntries(this.#missed), p50Ms: at(0.5), p99Ms: at(0.99), slowestMs: at(1) };
  }

  #end(): void {
    this.#open -= 1;
    if (this.#endedAt !== undefined && this.#open === 0) this.#settled();
  }
}
