/**
 * Snapshots of several processes, workers or moments put together, as if one registry had seen it all.
 *
 * Counters, `le` buckets and exponential buckets are counts, and counts add up without loss; that is why the histograms
 * here have buckets of fixed edges, and why quantiles are made last, of the sum: the sum of four medians of 1 s is 4 s,
 * and their average is the median of nothing. Sums of doubles are kept exactly (`exact-sum.ts`). So the merge of merges
 * is the merge of all, whatever the order: merge(merge(a, b), c) = merge(b, merge(c, a)).
 *
 * Gauges have no such law. What two processes say of themselves adds up (calls in flight), or is the worst of the two
 * (event loop delay), or belongs to each alone (the state of a breaker); the number does not say which. `GaugeRule` has
 * the choices and the default.
 */
import { Names } from "../names.ts";
import type { MetricSnapshot, Snapshot } from "../snapshot.ts";
import { checkSnapshot } from "./check.ts";
import { checkRule, type GaugeRules } from "./gauge-rule.ts";
import { MergedMetric, type MetricMerge, type Origin } from "./merged-metric.ts";
import { finish, type Steps } from "./steps.ts";

export interface MergeOptions {
  /**
   * How gauges and state sets merge: one rule for all, or a function that is asked for each metric and may answer with
   * undefined for the default. Default: `sum` for amounts (units `{...}` and bytes); everything else is kept `apart`
   * when the snapshots are a Map from their names, and else the `max` is taken.
   */
  readonly gauges?: GaugeRules;
  /** The attribute with the snapshot's name, where gauges are kept apart. Default `worker`. */
  readonly label?: string | undefined;
}

/**
 * Merges snapshots into one. The order does not matter, and merged ones can be merged again. Only the windows that all
 * histograms have are kept. Use `summaryOf` for quantiles of what comes out.
 *
 * @param snapshots an array, or a Map from names (of workers, say), which are needed to keep gauges apart.
 * @throws InstrumentConflictError (`ERR_INSTRUMENT_CONFLICT`) when a name has two types, units or `le` buckets; RangeError
 * for a snapshot of another version; TypeError for what is no snapshot, or for a rule that there is not.
 */
export function mergeSnapshots(snapshots: readonly Snapshot[] | ReadonlyMap<string, Snapshot>, options: MergeOptions = {}): Snapshot {
  return mergeAll(namedOf(snapshots), options, (error) => {
    throw error;
  });
}

/** @throws TypeError naming the option and its value. */
export function checkMergeOptions({ gauges, label }: MergeOptions): MergeOptions {
  if (typeof gauges !== "function") checkRule(gauges);
  if (label !== undefined && (typeof label !== "string" || label === "")) throw new TypeError(`label must be a text that is not empty, got ${typeof label}`);
  return { gauges, label };
}

/** A snapshot, and the name of what took it. */
export type Named = readonly [name: string | undefined, snapshot: Snapshot];

/** The same; what cannot be merged is handed to `onConflict` and left out. */
export function mergeAll(snapshots: readonly Named[], options: MergeOptions, onConflict: (error: unknown) => void): Snapshot {
  return finish(mergeSteps(snapshots, options, onConflict));
}

/** The same in steps. */
export function* mergeSteps(
  snapshots: readonly Named[],
  options: MergeOptions,
  onConflict: (error: unknown) => void,
): Steps<Snapshot> {
  const { gauges, label = "worker" } = checkMergeOptions(options);
  const windowsMs = commonWindows(snapshots);
  const areNamed = snapshots.every(([name]) => name !== undefined);
  const metrics = new MergedMetrics({ gauges, label, areNamed, windowsMs });
  for (const [name, snapshot] of snapshots) {
    const origin: Origin = { name, takenAtMs: snapshot.takenAtMs };
    for (const metric of snapshot.metrics) {
      try {
        yield* metrics.of(metric).add(metric, origin);
      } catch (error) {
        onConflict(error);
      }
    }
  }
  const takenAtMs = extreme(Math.max, snapshots, "takenAtMs");
  const merged: MetricSnapshot[] = [];
  for (const metric of metrics.sorted()) merged.push(yield* metric.read(takenAtMs));
  return { version: 2, startedAtMs: extreme(Math.min, snapshots, "startedAtMs"), takenAtMs, windowsMs, metrics: merged };
}

class MergedMetrics {
  readonly #merge: MetricMerge;
  readonly #metrics = new Map<string, MergedMetric>();
  // The same name in Prometheus would be one metric with two heads.
  readonly #names = new Names();

  constructor(merge: MetricMerge) {
    this.#merge = merge;
  }

  /** @throws InstrumentConflictError naming both. */
  of(metric: MetricSnapshot): MergedMetric {
    const { name, type: kind, unit } = metric;
    let merged = this.#metrics.get(name);
    if (merged === undefined) {
      merged = new MergedMetric(metric, this.#merge);
      this.#names.claim({ kind, name, unit, description: "", bounds: undefined });
      this.#metrics.set(name, merged);
    }
    return merged;
  }

  sorted(): MergedMetric[] {
    return [...this.#metrics].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, metric]) => metric);
  }
}

function namedOf(snapshots: readonly Snapshot[] | ReadonlyMap<string, Snapshot>): Named[] {
  const named: Named[] = snapshots instanceof Map ? [...snapshots] : [...snapshots.values()].map((snapshot): Named => [undefined, snapshot]);
  named.forEach(([name, snapshot], index) => checkSnapshot(`snapshots[${name === undefined ? index : JSON.stringify(name)}]`, snapshot));
  return named;
}

/** A merged window must be the window of all. A snapshot without histograms has no say. */
function commonWindows(snapshots: readonly Named[]): number[] {
  const [first = [], ...others] = snapshots
    .filter(([, { metrics }]) => metrics.some(({ type }) => type === "histogram"))
    .map(([, { windowsMs }]) => windowsMs);
  return first.filter((ms) => others.every((windowsMs) => windowsMs.includes(ms)));
}

function extreme(pick: (...values: number[]) => number, snapshots: readonly Named[], field: "startedAtMs" | "takenAtMs"): number {
  return snapshots.length === 0 ? NaN : pick(...snapshots.map(([, snapshot]) => snapshot[field]));
}
