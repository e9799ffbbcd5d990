import type { DependencyCheck } from "./dependency-check.ts";
import type { ErrorRate } from "./error-rate.ts";
import { contributionOf, isSilent, type HealthStatus } from "./status.ts";

/** What is known of one dependency. */
export interface CheckReport {
  /** UNKNOWN while there is no result, and when the last one is stale. */
  readonly status: HealthStatus;
  readonly critical: boolean;
  /** How long ago the last result came. Left out while there is none. */
  readonly ageMs?: number;
  /** How long the last run took. Left out while there is none. */
  readonly durationMs?: number;
  /** What went wrong, in the words of the dependency's error: not for the eyes of strangers. Left out when nothing did. */
  readonly output?: string;
}

/** Health at one moment: plain data, as it is sent, logged or printed. */
export interface HealthReport {
  readonly status: HealthStatus;
  /** What made the status so, as a sentence for people. Programs read the other fields. */
  readonly reason: string;
  /** Share of failures in the window, 0 to 1; 0 while there are no calls. */
  readonly errorRate: number;
  /** Calls in the window, neutral ones not counted. */
  readonly total: number;
  readonly failures: number;
  readonly checks: Readonly<Record<string, CheckReport>>;
}

export function checkReportOf(check: DependencyCheck, now: number): CheckReport {
  const { result, settings } = check;
  const report = { status: check.statusAt(now), critical: settings.critical };
  if (result === undefined) return report;
  const { at, durationMs, failure } = result;
  return { ...report, ageMs: now - at, durationMs, ...(failure !== undefined && { output: failure }) };
}

/** The reasons of those parts that say what the whole says. */
export function reasonOf(status: HealthStatus, window: WindowPart, checks: readonly DependencyCheck[], now: number): string {
  const verdicts = checks.map((check) => ({ check, critical: check.settings.critical, status: check.statusAt(now) }));
  const reasons = verdicts
    .filter((verdict) => contributionOf(verdict) === status)
    .map(({ check }) => reasonOfCheck(check, now));
  const isQuiet = isSilent(window.rate.verdict, verdicts);
  if (window.rate.verdict === status || (isQuiet && status === "HEALTHY")) reasons.unshift(reasonOfWindow(window));
  return reasons.join("; ");
}

/** The windowed error rate, and how long its window is. */
export interface WindowPart {
  readonly rate: ErrorRate;
  readonly windowMs: number;
}

function reasonOfWindow({ rate, windowMs }: WindowPart): string {
  const { total, failures, limits, verdict } = rate;
  const period = windowMs === Infinity ? "so far" : `in the last ${rounded(windowMs / 1000)} s`;
  if (total >= limits.minimumCalls) return `error rate ${rounded(rate.ratio * 100)} % (${failures} of ${total} calls ${period})`;
  const verb = verdict === "UNKNOWN" ? "no verdict on the error rate yet" : `${verdict} kept from an earlier error rate`;
  return `${verb}: ${total} calls ${period}, ${limits.minimumCalls} needed for a verdict`;
}

function reasonOfCheck(check: DependencyCheck, now: number): string {
  const { result, settings } = check;
  const name = `${settings.critical ? "critical" : "optional"} check ${JSON.stringify(settings.name)}`;
  if (result === undefined) return `${name} has no result yet`;
  if (now >= check.staleAt) return `${name} is stale: its last result came ${rounded((now - result.at) / 1000)} s ago`;
  return result.failure === undefined ? `${name} passes` : `${name} failed: ${result.failure}`;
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
