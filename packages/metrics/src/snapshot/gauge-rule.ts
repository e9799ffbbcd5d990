import type { MetricSnapshot } from "../snapshot.ts";

/**
 * What becomes of the gauges of several processes, and of their state sets, whose states count as 1 and 0:
 *
 * - `sum` for amounts that each process has of its own: queue lengths, calls in flight, limits, bytes. State sets: any.
 * - `max` and `min` for the worst: utilisation, delay, health. State sets: any, all.
 * - `last` for what all processes say alike: the one read latest.
 * - `apart` for all of them, each with its `worker` label: loses nothing, at the price of a series for each process.
 */
export type GaugeRule = "sum" | "max" | "min" | "last" | "apart";

export type GaugeDescription = Pick<MetricSnapshot, "name" | "type" | "unit" | "description">;

const rules: readonly unknown[] = ["sum", "max", "min", "last", "apart"] satisfies GaugeRule[];

/** One rule for all, or a function that is asked for each metric; undefined stands for the default. */
export type GaugeRules = GaugeRule | ((metric: GaugeDescription) => GaugeRule | undefined) | undefined;

/**
 * The rule for one metric. The default goes by the unit: things that are counted (`{call}`) and bytes are amounts, and
 * add up. A share, a delay, a temperature or the code of a state does not: those stay apart where the snapshots have
 * names, and the largest is taken where they have none.
 *
 * @throws TypeError for a rule that there is not, or `apart` without names.
 */
export function ruleOf(metric: GaugeDescription, given: GaugeRules, areNamed: boolean): GaugeRule {
  const rule = typeof given === "function" ? given(metric) : given;
  if (rule === undefined) return isAmount(metric) ? "sum" : areNamed ? "apart" : "max";
  checkRule(rule);
  if (rule === "apart" && !areNamed) {
    throw new TypeError(`gauges: ${JSON.stringify(metric.name)} can be kept apart only when the snapshots are a Map from their names`);
  }
  return rule;
}

/** @throws TypeError for a rule that there is not. */
export function checkRule(rule: unknown): void {
  if (rule === undefined || rules.includes(rule)) return;
  throw new TypeError(`gauges must be a function or one of ${rules.join(", ")}, got ${JSON.stringify(rule)}`);
}

function isAmount({ type, unit }: GaugeDescription): boolean {
  return type === "gauge" && /^(\{[^}]*\}|[KMGTkmgt]?i?By)(\/s)?$/.test(unit);
}
