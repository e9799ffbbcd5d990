import { constants, PerformanceObserver, type PerformanceEntry } from "node:perf_hooks";
import type { Histogram, Meter } from "@breakwater/core";
import type { HistogramOptions } from "../histogram.ts";
import type { Probe } from "./probe.ts";

// OpenTelemetry has the last four; most collections are shorter than the first of those.
const buckets = [0.0001, 0.001, 0.01, 0.1, 1, 10];

/** By the numbers that Node has for the kinds. */
export type GcHistograms = ReadonlyMap<number, Histogram>;

export function gcHistograms(meter: Meter): GcHistograms {
  const histogram = (type: string): Histogram => {
    // A meter that knows nothing of buckets looks past them.
    const options: HistogramOptions = {
      description: "How long garbage collections took.",
      unit: "s",
      attributes: { "v8js.gc.type": type },
      buckets,
    };
    return meter.histogram("v8js.gc.duration", options);
  };
  return new Map([
    [constants.NODE_PERFORMANCE_GC_MAJOR, histogram("major")],
    [constants.NODE_PERFORMANCE_GC_MINOR, histogram("minor")],
    [constants.NODE_PERFORMANCE_GC_INCREMENTAL, histogram("incremental")],
    [constants.NODE_PERFORMANCE_GC_WEAKCB, histogram("weakcb")],
  ]);
}

/** Collections are observed one by one, and none after the stop: the observer is disconnected. */
export function watchGarbageCollection(histograms: GcHistograms, contain: (work: () => void) => void): Probe {
  const record = (entry: PerformanceEntry): void => histograms.get(kindOf(entry))?.record(entry.duration / 1e3);
  const recordAll = (entries: readonly PerformanceEntry[]): void => contain(() => entries.forEach(record));
  const observer = new PerformanceObserver((list) => recordAll(list.getEntries()));
  observer.observe({ entryTypes: ["gc"] });
  return {
    stop: () => {
      recordAll(observer.takeRecords());
      observer.disconnect();
    },
  };
}

function kindOf(entry: PerformanceEntry): number {
  // Entries of type "gc" have it; the platform's common type does not say so.
  return (entry as PerformanceEntry & { readonly detail: { readonly kind: number } }).detail.kind;
}
