import type { Emitter } from "@breakwater/core";
import type { CheckList } from "./check-list.ts";
import type { ContributionList } from "./contributions.ts";
import type { ErrorRate } from "./error-rate.ts";
import type { HealthEvents } from "./events.ts";
import type { Measures } from "./measures.ts";
import { canServe } from "./probe.ts";
import { reasonOf } from "./reason.ts";
import { contributionReportsOf, type HealthReport } from "./report.ts";
import { statusOf, type HealthStatus } from "./status.ts";

/** What is assessed, and who hears of it. */
export interface AssessmentParts {
  readonly rate: ErrorRate;
  readonly windowMs: number;
  readonly checks: CheckList;
  readonly contributions: ContributionList;
  readonly measures: Measures;
  readonly events: Emitter<HealthEvents>;
}

/**
 * The status as it was found last, and what follows when it is found to be another. It changes only in `evaluate`, which
 * first brings all parts up to the same moment.
 */
export class Assessment {
  readonly #parts: AssessmentParts;
  #status: HealthStatus = "UNKNOWN";
  #transitions = 0;
  /** Whether it has been ready once, as far as anybody knows: HEALTHY or DEGRADED, or a probe that said so. */
  hasServed = false;
  /** While set, the status is DRAINING whatever the parts say. */
  isDraining = false;

  constructor(parts: AssessmentParts) {
    this.#parts = parts;
  }

  get status(): HealthStatus {
    return this.#status;
  }

  get transitions(): number {
    return this.#transitions;
  }

  evaluate(now: number): void {
    const { rate, checks, contributions } = this.#parts;
    rate.advance(now);
    // Before `from` is read: a reader is foreign code, and may look at this object or change it.
    const readings = contributions.read(now);
    const from = this.#status;
    const to = this.isDraining ? "DRAINING" : statusOf(rate.verdict, [...checks.verdictsAt(now), ...readings]);
    if (to !== from) this.#change(from, to, now);
  }

  reportAt(now: number): HealthReport {
    this.evaluate(now);
    const { rate, checks, contributions } = this.#parts;
    return {
      status: this.#status,
      reason: this.#reasonAt(now),
      windowStatus: rate.verdict,
      errorRate: rate.ratio,
      total: rate.total,
      failures: rate.failures,
      checks: checks.reportAt(now),
      contributions: contributionReportsOf(contributions.last),
    };
  }

  #change(from: HealthStatus, to: HealthStatus, now: number): void {
    const { measures, events } = this.#parts;
    this.#status = to;
    this.#transitions += 1;
    this.hasServed ||= canServe(to);
    measures.changed(to);
    if (events.has("changed")) events.emit("changed", { from, to, reason: this.#reasonAt(now) });
  }

  #reasonAt(now: number): string {
    const { rate, windowMs, checks, contributions } = this.#parts;
    return reasonOf(this.#status, { window: { rate, windowMs }, checks: checks.all, contributions: contributions.last }, now);
  }
}
