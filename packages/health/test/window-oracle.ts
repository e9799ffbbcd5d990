import type { Limits } from "../src/error-rate.ts";
import type { HealthStatus } from "../src/status.ts";

/** One threshold, as a sentence: set at once, unset after a calm that nothing broke. */
class Latch {
  isSet = false;
  calmSince: number | undefined;
  readonly #enter: number;
  readonly #leave: number;
  readonly #dwellMs: number;

  constructor(enter: number, leave: number, dwellMs: number) {
    this.#enter = enter;
    this.#leave = leave;
    this.#dwellMs = dwellMs;
  }

  settle(now: number): void {
    if (!this.isSet || this.calmSince === undefined || now - this.calmSince < this.#dwellMs) return;
    this.unset();
  }

  judge(ratio: number, now: number): void {
    if (ratio > 0 && ratio >= this.#enter) this.isSet = true;
    const isCalm = ratio === 0 || ratio < this.#leave;
    this.calmSince = this.isSet && isCalm ? (this.calmSince ?? now) : undefined;
    this.settle(now);
  }

  unset(): void {
    this.isSet = false;
    this.calmSince = undefined;
  }
}

/** The window's verdict from the list of all samples, judged afresh at every millisecond. Buckets are of 10 ms, ten of them. */
export class WindowOracle {
  now = 0;
  readonly #limits: Limits;
  readonly #degraded: Latch;
  readonly #unhealthy: Latch;
  readonly #samples: { readonly at: number; readonly isFailure: boolean }[] = [];
  #isJudged = false;
  #drySince: number | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#degraded = new Latch(limits.degradedRatio, limits.leaveDegradedRatio, limits.dwellMs);
    this.#unhealthy = new Latch(limits.unhealthyRatio, limits.leaveUnhealthyRatio, limits.dwellMs);
  }

  add(successes: number, failures: number): void {
    for (let i = 0; i < successes + failures; i += 1) {
      this.#samples.push({ at: this.now, isFailure: i >= successes });
      this.#judge();
    }
  }

  wait(ms: number): void {
    for (let i = 0; i < ms; i += 1) this.#tick();
  }

  get verdict(): HealthStatus {
    if (!this.#isJudged) return "UNKNOWN";
    return this.#unhealthy.isSet ? "UNHEALTHY" : this.#degraded.isSet ? "DEGRADED" : "HEALTHY";
  }

  #tick(): void {
    this.now += 1;
    for (const latch of [this.#degraded, this.#unhealthy]) latch.settle(this.now);
    this.#forget();
    this.#judge();
    this.#forget();
  }

  #forget(): void {
    if (this.#drySince === undefined || this.now - this.#drySince < this.#limits.keepVerdictMs) return;
    if (!this.#degraded.isSet && !this.#unhealthy.isSet) return;
    this.#isJudged = false;
    for (const latch of [this.#degraded, this.#unhealthy]) latch.unset();
  }

  #judge(): void {
    const live = this.#samples.filter(({ at }) => Math.floor(at / 10) > Math.floor(this.now / 10) - 10);
    if (live.length < this.#limits.minimumCalls) {
      this.#drySince ??= this.now;
      return;
    }
    this.#drySince = undefined;
    this.#isJudged = true;
    const ratio = live.filter(({ isFailure }) => isFailure).length / live.length;
    for (const latch of [this.#degraded, this.#unhealthy]) latch.judge(ratio, this.now);
  }
}
