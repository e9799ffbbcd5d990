import type { Meter } from "@breakwater/core";
import { describe, expectTypeOf, it } from "vitest";
import { Metrics, summaryOf, type BoundCounter, type BoundHistogram, type SettableGauge, type Snapshot, type Summary } from "@breakwater/metrics";

describe("types", () => {
  it("makes the registry a Meter for every pattern", () => {
    expectTypeOf<Metrics>().toExtend<Meter>();
    expectTypeOf(new Metrics().counter("c")).toEqualTypeOf<BoundCounter>();
    expectTypeOf(new Metrics().histogram("h")).toEqualTypeOf<BoundHistogram>();
    expectTypeOf(new Metrics().settableGauge("g")).toEqualTypeOf<SettableGauge>();
    expectTypeOf(new Metrics().gauge("o", () => 1)).toEqualTypeOf<() => void>();
  });

  it("tells a histogram's reading from a number by the metric's type", () => {
    const summariesOf = (snapshot: Snapshot): Summary[] =>
      snapshot.metrics.flatMap((metric) => (metric.type === "histogram" ? metric.series.map(({ reading }) => summaryOf(reading.lifetime)) : []));
    expectTypeOf(summariesOf).returns.toEqualTypeOf<Summary[]>();
  });

  it("refuses buckets on a counter and attributes that are no label", () => {
    // @ts-expect-error a counter has no buckets
    new Metrics().counter("c", { buckets: [1] });
    // @ts-expect-error an attribute is text, number or boolean
    expectTypeOf(() => new Metrics().counter("c", { attributes: { a: null } })).toBeFunction();
  });
});
