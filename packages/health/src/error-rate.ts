import { BucketRing } from "./bucket-ring.ts";
import type { HealthStatus } from "./status.ts";

/** When a rate becomes a verdict, and which. */
export interface Limits {
  readonly minimumCalls: number;
  readonly degradedRatio: number;
  readonly unhealthyRatio: number;
}

/**
 * The verdict on these counts. Too few calls are no evidence: the verdict that was stays.
 *
 * The ratio is divided out, not multiplied across: a quotient of whole numbers rounds to the same double as the literal
 * that a user writes (1 / 100 is 0.01), while 0.07 * 100 is more than 7.
 */
export function verdictOf(previous: HealthStatus, total: number, failures: number, limits: Limits): HealthStatus {
  if (total < limits.minimumCalls) return previous;
  const ratio = failures / total;
  // A threshold of 0 means "any failure at all", not "always".
  if (failures === 0 || ratio < limits.degradedRatio) return "HEALTHY";
  return ratio < limits.unhealthyRatio ? "DEGRADED" : "UNHEALTHY";
}

/**
 * The windowed error rate and its verdict.
 *
 * Below the volume floor the verdict stays, so it depends on the past: on what the window said last while it still held
 * enough. Judged only when somebody looks, it would depend on who looked when: an outage followed by a quiet recovery
 * and silence would read UNHEALTHY or HEALTHY. So advancing stops and judges at each moment when counts fall out, and
 * the verdict is a function of the samples and the time alone.
 */
export class ErrorRate {
  readonly limits: Limits;
  readonly #ring: BucketRing;
  #verdict: HealthStatus = "UNKNOWN";

  constructor(windowMs: number, limits: Limits) {
    this.limits = limits;
    this.#ring = new BucketRing(windowMs);
  }

  get verdict(): HealthStatus {
    return this.#verdict;
  }

  get total(): number {
    return this.#ring.total;
  }

  get failures(): number {
    return this.#ring.failures;
  }

  /** 0 while there are no calls. */
  get ratio(): number {
    return this.#ring.total === 0 ? 0 : this.#ring.failures / this.#ring.total;
  }

  /** When time alone can next change the verdict; Infinity when it cannot. */
  get changesAt(): number {
    return this.#ring.expiresAt;
  }

  /** Counts one call and judges. True when the call is the first of its bucket. */
  add(isFailure: boolean, now: number): boolean {
    this.advance(now);
    const isFirst = this.#ring.add(isFailure);
    this.#judge();
    return isFirst;
  }

  /** Forgets what is too old by now. */
  advance(now: number): void {
    if (now < this.#ring.endsAt) return;
    while (this.#ring.advance(now)) this.#judge();
  }

  #judge(): void {
    this.#verdict = verdictOf(this.#verdict, this.#ring.total, this.#ring.failures, this.limits);
  }
}
