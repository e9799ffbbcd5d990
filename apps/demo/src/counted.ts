import type { Snapshot } from "@breakwater/metrics";

/** What one counter says, by outcome. */
export type Counted = Readonly<Record<string, number>>;

/**
 * Reads the series of a counter that have this attribute, by their `outcome`, as a dashboard would; outcomes that never
 * came are left out.
 */
export function countedByOutcome({ metrics }: Snapshot, name: string, [key, value]: readonly [string, string]): Counted {
  const metric = metrics.find((each) => each.name === name);
  if (metric?.type !== "counter") return {};
  const series = metric.series.filter(({ attributes, reading }) => attributes[key] === value && reading > 0);
  return Object.fromEntries(series.map(({ attributes, reading }) => [attributes.outcome ?? "", reading]));
}
