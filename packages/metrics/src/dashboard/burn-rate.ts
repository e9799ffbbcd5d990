/**
 * How fast the error budget is spent, and why so.
 *
 * An objective of 0.999 over 30 days leaves a budget: one request of a thousand may fail. A burn rate of 1 spends just
 * that in 30 days; 14.4 spends 2 % of it in an hour. A threshold on the error ratio alone either cries at every short
 * dip or sleeps through a slow leak. So an alert asks two windows at once: the long one, whether a part of the budget
 * worth waking somebody for is gone; and the short one, a twelfth of it, whether it is still going, so that the alert
 * ends soon after the fault does.
 *
 *     burn rate   long   short   budget spent   severity
 *     14.4        1h     5m      2 %            page
 *     6           6h     30m     5 %            page
 *     3           1d     2h      10 %           ticket
 *     1           3d     6h      10 %           ticket
 *
 * Source: Google, The Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".
 *
 * The ratios are recorded once and compared many times: a rate over three days is dear. Requests whose outcome is
 * neutral, such as a caller's abort, count on neither side. No traffic gives no ratio, and so no alert.
 */
import { names as n } from "./names.ts";
import type { PromQL } from "./promql.ts";
import type { Rule, RuleGroup } from "./rule.ts";

export interface Objective {
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly objective: number;
  readonly countRefusals: boolean;
}

const burnRates = [
  { factor: 14.4, long: "1h", short: "5m", speed: "Fast", severity: "page" },
  { factor: 6, long: "6h", short: "30m", speed: "Medium", severity: "page" },
  { factor: 3, long: "1d", short: "2h", speed: "Slow", severity: "ticket" },
  { factor: 1, long: "3d", short: "6h", speed: "Creeping", severity: "ticket" },
] as const;

const windows = ["5m", "30m", "1h", "2h", "6h", "1d", "3d"] as const;

export function burnRateGroups(objective: Objective, q: PromQL): readonly RuleGroup[] {
  const { service, labels } = objective;
  const own = { ...labels, service };
  const record = (window: string): Rule => ({ record: ratioName(window), expr: errorRatio(objective, q.over(window)), labels: own });
  return [
    { name: `breakwater-${service}-error-ratios`, rules: windows.map(record) },
    { name: `breakwater-${service}-error-budget`, rules: burnRates.map((burn) => alert(objective, burn, q)) },
  ];
}

function ratioName(window: string): string {
  return `breakwater:service_errors:ratio_rate${window}`;
}

function errorRatio({ service, countRefusals }: Objective, q: PromQL): string {
  const requests = (...outcome: string[]): string => q.rate(n.requests, [], { service, outcome });
  if (!countRefusals) return `${requests("failure")} / ${requests("success", "failure")}`;
  // A service without a limiter has no such series, and nothing plus a number would be nothing.
  const refused = `(${q.rate(n.rejections, [], { name: service })} or vector(0))`;
  return `(${requests("failure")} + ${refused}) / (${requests("success", "failure")} + ${refused})`;
}

function alert({ service, labels, objective }: Objective, burn: (typeof burnRates)[number], q: PromQL): Rule {
  const { factor, long, short, speed, severity } = burn;
  const own = { ...labels, service };
  // 1 - 0.999 is 0.0010000000000000009
  const threshold = Number((factor * (1 - objective)).toPrecision(12));
  const exceeds = (window: string): string => `${q.series(ratioName(window), own)} > ${threshold}`;
  return {
    alert: `BreakwaterErrorBudget${speed}Burn`,
    expr: `${exceeds(long)} and ${exceeds(short)}`,
    labels: { severity, service },
    annotations: {
      summary: `${service} spends its error budget ${factor} times as fast as it may.`,
      description: `{{ $value | humanizePercentage }} of the requests of the last ${long} were not answered well, and it goes on. The objective is ${objective}.`,
    },
  };
}
