import type { ContributionReading } from "./contributions.ts";
import type { DependencyCheck } from "./dependency-check.ts";
import type { HealthStatus } from "./status.ts";

/** What is known of one dependency. */
export interface CheckReport {
  /** UNKNOWN while there is no verdict, and when the last result is stale. */
  readonly status: HealthStatus;
  readonly critical: boolean;
  /** How long ago the last result came. Left out while there is none. */
  readonly ageMs?: number;
  /** How long the last run took. Left out while there is none. */
  readonly durationMs?: number;
  /**
   * What went wrong in the last run, in the words of the dependency's error: not for the eyes of strangers. Left out when
   * nothing did.
   */
  readonly output?: string;
}

/** What a pattern said of itself. */
export interface ContributionReport {
  readonly status: HealthStatus;
  readonly critical: boolean;
  readonly reason: string;
}

/** Health at one moment: plain data, as it is sent, logged or printed. */
export interface HealthReport {
  readonly status: HealthStatus;
  /** What made the status so, as a sentence for people. Programs read the other fields. */
  readonly reason: string;
  /** The verdict on the error rate alone. */
  readonly windowStatus: HealthStatus;
  /** Share of failures in the window, 0 to 1; 0 while there are no calls. */
  readonly errorRate: number;
  /** Calls in the window, neutral ones not counted. */
  readonly total: number;
  readonly failures: number;
  readonly checks: Readonly<Record<string, CheckReport>>;
  readonly contributions: Readonly<Record<string, ContributionReport>>;
}

export function checkReportOf(check: DependencyCheck, now: number): CheckReport {
  const { result, settings } = check;
  const report = { status: check.statusAt(now), critical: settings.critical };
  if (result === undefined) return report;
  const { at, durationMs, failure } = result;
  return { ...report, ageMs: now - at, durationMs, ...(failure !== undefined && { output: failure }) };
}

export function contributionReportsOf(readings: readonly ContributionReading[]): Readonly<Record<string, ContributionReport>> {
  return Object.fromEntries(readings.map(({ name, status, critical, reason }) => [name, { status, critical, reason }]));
}
