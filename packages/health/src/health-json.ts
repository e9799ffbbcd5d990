import type { DependencyCheck } from "./dependency-check.ts";
import type { CheckReport, ContributionReport, HealthReport } from "./report.ts";
import type { HealthStatus } from "./status.ts";

/** The words of health+json. */
export type HealthJsonStatus = "pass" | "warn" | "fail";

/** One measurement of one component. */
export interface HealthJsonCheck {
  readonly componentId?: string;
  readonly componentType: string;
  readonly observedValue?: number | string;
  readonly observedUnit?: string;
  readonly status: HealthJsonStatus;
  /** When it was observed, as ISO 8601, by the wall clock. */
  readonly time?: string;
  /** What went wrong. Left out unless `showsOutput`. */
  readonly output?: string;
}

/** A body of `application/health+json`, as draft-inadarei-api-health-check-06 describes it. */
export interface HealthJson {
  readonly status: HealthJsonStatus;
  /** The status in this package's word, since the draft has only three. */
  readonly notes?: readonly string[];
  readonly serviceId?: string;
  /** What made the status so. Left out unless `showsOutput`. */
  readonly output?: string;
  /** By `name:measurement`. */
  readonly checks?: Readonly<Record<string, readonly HealthJsonCheck[]>>;
}

/** What a body says beyond the report. */
export interface HealthJsonContext {
  readonly serviceId: string | undefined;
  readonly showsOutput: boolean;
  /** The wall clock's reading for the moment of the report. */
  readonly wallNow: number;
  readonly checks: readonly DependencyCheck[];
}

type Entry = readonly [key: string, check: HealthJsonCheck];

/** HEALTHY passes, DEGRADED warns, and what should get no traffic fails. */
export function healthJsonOf(report: HealthReport, context: HealthJsonContext): HealthJson {
  const entries = [
    ...windowEntries(report, context),
    ...context.checks.map((check) => checkEntry(check, report.checks[check.settings.name], context)),
    ...Object.entries(report.contributions).map(([name, each]) => contributionEntry(name, each, context)),
  ];
  return {
    status: isOnlyQuiet(report) ? "warn" : wordOf(report.status, true),
    notes: [report.status],
    ...(context.serviceId !== undefined && { serviceId: context.serviceId }),
    ...(context.showsOutput && report.status !== "HEALTHY" && { output: report.reason }),
    ...(entries.length > 0 && { checks: grouped(entries) }),
  };
}

// Nobody vouches, but nothing critical is waited for either: to hold such an instance back would hold it back for ever, because it
// learns nothing without traffic.
function isOnlyQuiet({ status, checks, contributions }: HealthReport): boolean {
  const parts = [...Object.values(checks), ...Object.values(contributions)];
  return status === "UNKNOWN" && !parts.some((part) => part.critical && part.status === "UNKNOWN");
}

// A window without a verdict has observed nothing: it is left out, because the draft has no word for "not known".
function windowEntries({ windowStatus, errorRate }: HealthReport, { wallNow }: HealthJsonContext): Entry[] {
  if (windowStatus === "UNKNOWN") return [];
  const observed = { componentType: "system", observedValue: Number((100 * errorRate).toFixed(2)), observedUnit: "percent" };
  return [["calls:errorRate", { ...observed, status: wordOf(windowStatus, true), time: timeOf(wallNow) }]];
}

function checkEntry({ settings }: DependencyCheck, report: CheckReport | undefined, context: HealthJsonContext): Entry {
  const { status = "UNKNOWN", ageMs, durationMs, output } = report ?? {};
  const check: HealthJsonCheck = {
    componentId: settings.name,
    componentType: settings.componentType,
    ...(durationMs !== undefined && { observedValue: durationMs, observedUnit: "ms" }),
    status: wordOf(status, settings.critical),
    ...(ageMs !== undefined && { time: timeOf(context.wallNow - ageMs) }),
    ...(context.showsOutput && output !== undefined && { output }),
  };
  return [keyOf(settings.name, "responseTime"), check];
}

function contributionEntry(name: string, { status, critical, reason }: ContributionReport, context: HealthJsonContext): Entry {
  const check: HealthJsonCheck = {
    componentId: name,
    componentType: "component",
    observedValue: status,
    status: wordOf(status, critical),
    time: timeOf(context.wallNow),
    ...(context.showsOutput && status !== "HEALTHY" && { output: reason }),
  };
  return [keyOf(name, "health"), check];
}

/** What is not known never passes; where it does no harm, because it is optional, it warns. */
function wordOf(status: HealthStatus, critical: boolean): HealthJsonStatus {
  if (status === "HEALTHY") return "pass";
  return status === "DEGRADED" || (status === "UNKNOWN" && !critical) ? "warn" : "fail";
}

// The colon is the draft's own: it stands once in a key.
function keyOf(name: string, measurement: string): string {
  return `${name.replaceAll(":", ".")}:${measurement}`;
}

/** An array for each key: names that differ only in what a key cannot hold stand side by side. */
function grouped(entries: readonly Entry[]): Readonly<Record<string, readonly HealthJsonCheck[]>> {
  const groups = new Map<string, HealthJsonCheck[]>();
  for (const [key, check] of entries) {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [check]);
    else group.push(check);
  }
  return Object.fromEntries(groups);
}

function timeOf(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
