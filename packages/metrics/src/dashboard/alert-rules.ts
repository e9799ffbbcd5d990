import { checkNumber } from "@breakwater/core";
import { burnRateGroups } from "./burn-rate.ts";
import { patternAlerts } from "./pattern-alerts.ts";
import { PromQL } from "./promql.ts";
import { checkSubject, type SubjectOptions } from "./subject.ts";

export interface AlertOptions extends SubjectOptions {
  /**
   * Share of requests that are to be answered well over 30 days, from 0.94 to below 1. Below 0.94, failing altogether
   * would not spend the budget fast enough for the fastest alert. Default 0.999.
   */
  readonly objective?: number | undefined;
  /** Whether a request that the service's own limiter refused counts against the objective. Default true. */
  readonly countRefusals?: boolean | undefined;
  /** A 99th percentile of the event loop's delay that is an alert, in seconds, above 0. Default 0.1. */
  readonly loopDelaySeconds?: number | undefined;
}

/**
 * Rules for Prometheus, as the text of a rules file: how fast the error budget is spent, by several windows at once
 * (Google, The Site Reliability Workbook, chapter 5, table 5-8), and what is wrong with breakers, pools, queues, health and
 * the event loop. The label `severity` is `page` or `ticket`.
 *
 * The text is JSON, and so YAML, which every JSON text is: no value needs quoting rules of its own.
 *
 * @throws TypeError or RangeError naming the option and its value.
 */
export function alertRules(options: AlertOptions): string {
  const { service, labels, patterns } = checkSubject(options);
  const { objective = 0.999, countRefusals = true, loopDelaySeconds = 0.1 } = options;
  checkNumber("objective", objective, { min: 0.94, max: 1 - Number.EPSILON });
  checkNumber("loopDelaySeconds", loopDelaySeconds, { min: Number.MIN_VALUE });
  if (typeof countRefusals !== "boolean") throw new TypeError(`countRefusals must be a boolean, got ${typeof countRefusals}`);
  const q = new PromQL(labels, "5m");
  const alerts = patternAlerts(service, q, loopDelaySeconds).filter(({ pattern }) => patterns.has(pattern));
  const groups = [
    ...(patterns.has("service") ? burnRateGroups({ service, labels, objective, countRefusals }, q) : []),
    { name: `breakwater-${service}`, rules: alerts.map(({ rule }) => rule) },
  ];
  return `${JSON.stringify({ groups: groups.filter(({ rules }) => rules.length > 0) }, undefined, 2)}\n`;
}
