import { describe } from "../definition.ts";
import { InstrumentConflictError } from "../errors.ts";
import { labelName } from "../labels.ts";
import type { HistogramSnapshot, MetricSnapshot, SeriesSnapshot } from "../snapshot.ts";
import { ruleOf, type GaugeRules } from "./gauge-rule.ts";
import { MergedHistogram } from "./merged-histogram.ts";
import { MergedGauge, MergedInfo, MergedStates, MergedSum, type AnyMerged } from "./merged-series.ts";
import { seriesPerStep, type Steps } from "./steps.ts";

export interface MetricMerge {
  readonly gauges: GaugeRules;
  /** The attribute that keeps gauges apart. */
  readonly label: string;
  readonly areNamed: boolean;
  readonly windowsMs: readonly number[];
}

/** The snapshot that a metric comes from. */
export interface Origin {
  readonly name: string | undefined;
  readonly takenAtMs: number;
}

/** One metric while it is put together from those of several snapshots. */
export class MergedMetric {
  readonly #first: MetricSnapshot;
  readonly #apart: string | undefined;
  readonly #make: () => AnyMerged;
  readonly #labels = new Map<string, string>();
  readonly #series = new Map<string, { readonly attributes: Readonly<Record<string, string>>; readonly merged: AnyMerged }>();
  #description: string;

  constructor(first: MetricSnapshot, merge: MetricMerge) {
    this.#first = first;
    this.#description = first.description;
    const isGauge = first.type === "gauge" || first.type === "state set";
    const rule = isGauge ? ruleOf(first, merge.gauges, merge.areNamed) : "sum";
    this.#apart = rule === "apart" ? merge.label : undefined;
    this.#make = () => mergedSeries(first.type, rule, merge.windowsMs);
  }

  /** In steps. @throws InstrumentConflictError naming both. */
  *add(metric: MetricSnapshot, origin: Origin): Steps<void> {
    if (!isSame(metric, this.#first)) throw new InstrumentConflictError(describeMetric(this.#first), describeMetric(metric));
    // Any, as long as it is the same one in whatever order they come.
    if (this.#description === "" || (metric.description !== "" && metric.description < this.#description)) {
      this.#description = metric.description;
    }
    for (const [index, series] of metric.series.entries()) {
      this.#addSeries(series, origin);
      if (index % seriesPerStep === 0) yield;
    }
  }

  /** In steps. */
  *read(takenAtMs: number): Steps<MetricSnapshot> {
    const { name, type, unit } = this.#first;
    const series: SeriesSnapshot<unknown>[] = [];
    for (const { attributes, merged } of this.#series.values()) {
      if (series.push({ attributes, ...merged.read(takenAtMs) }) % seriesPerStep === 0) yield;
    }
    yield; // there may be thousands of metrics with few series each
    // Every series was made for this type, in the constructor; a map over types cannot say so.
    return { name, type, unit, description: this.#description, series } as MetricSnapshot;
  }

  #addSeries(series: SeriesSnapshot<unknown>, { name, takenAtMs }: Origin): void {
    const attributes = this.#attributesOf(series, name);
    const identity = identityOf(attributes, this.#labels);
    let known = this.#series.get(identity);
    if (known === undefined) this.#series.set(identity, (known = { attributes: { ...attributes }, merged: this.#make() }));
    known.merged.add(series as never, takenAtMs); // of the same type, which was compared
  }

  // What was kept apart before stays as it is, so that merged snapshots can be merged again.
  #attributesOf({ attributes }: SeriesSnapshot<unknown>, name: string | undefined): Readonly<Record<string, string>> {
    const label = this.#apart;
    return label === undefined || name === undefined || Object.hasOwn(attributes, label) ? attributes : { ...attributes, [label]: name };
  }
}

/**
 * The same for attributes that are the same labels, in whatever order. Not their text, as in a registry: escaping the
 * values, which were checked when they were bound, would take more time than all the rest.
 */
function identityOf(attributes: Readonly<Record<string, string>>, labels: Map<string, string>): string {
  const parts = Object.keys(attributes).map((key) => {
    let label = labels.get(key);
    if (label === undefined) labels.set(key, (label = labelName(key)));
    const value = attributes[key] ?? "";
    return `${label}\0${value.length}\0${value}`; // with its length, because a value may hold anything
  });
  return parts.length < 2 ? (parts[0] ?? "") : parts.sort().join("\0");
}

function mergedSeries(type: MetricSnapshot["type"], rule: ReturnType<typeof ruleOf>, windowsMs: readonly number[]): AnyMerged {
  switch (type) {
    case "counter":
    case "up-down counter":
      return new MergedSum();
    case "gauge":
      return rule === "sum" ? new MergedSum() : new MergedGauge(rule);
    case "info":
      return new MergedInfo();
    case "state set":
      return new MergedStates(rule);
    case "histogram":
      return new MergedHistogram(windowsMs);
  }
}

function isSame(a: MetricSnapshot, b: MetricSnapshot): boolean {
  return a.type === b.type && a.unit === b.unit && boundsOf(a) === boundsOf(b);
}

/** Those of the first series, which all of them have; empty for what is no histogram. */
function boundsOf(metric: MetricSnapshot): string {
  return metric.type === "histogram" ? leList(metric) : "";
}

function leList({ series }: HistogramSnapshot): string {
  return (series[0]?.reading.buckets ?? []).map(({ le }) => le).join(", ");
}

/** In the words that a registry has for its instruments. */
function describeMetric(metric: MetricSnapshot): string {
  const text = describe({ kind: metric.type, name: metric.name, unit: metric.unit, description: "", bounds: undefined });
  return metric.type === "histogram" ? `${text} and buckets [${leList(metric)}]` : text;
}
