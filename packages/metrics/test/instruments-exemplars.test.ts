import { AsyncLocalStorage } from "node:async_hooks";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Metrics, type ExemplarLabels } from "@breakwater/metrics";
import { ManualClock } from "@breakwater/core/testing";
import type { HistogramSource } from "../src/collection.ts";

let nowMs = 1_700_000_000_000;
let metrics: Metrics;
beforeEach(() => {
  nowMs = 1_700_000_000_000;
  metrics = new Metrics({ clock: new ManualClock(), wallClock: () => nowMs });
});
afterEach(() => void vi.restoreAllMocks());

const silenced = () => vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);

function sourceOf(of: Metrics = metrics): HistogramSource {
  for (const family of of.collection().histograms) for (const { instrument } of family.series()) return instrument;
  throw new Error("bug: there is no histogram");
}
const dropped = (instrument: string, of: Metrics = metrics): number =>
  of.counter("breakwater.metrics.dropped_exemplars", { attributes: { instrument } }).value;

describe("an exemplar", () => {
  it("of a histogram stands for the bucket of its value, the latest of each bucket", () => {
    const histogram = metrics.histogram("h", { buckets: [1, 2] });
    histogram.record(0.5, { trace_id: "a" });
    histogram.record(1, { trace_id: "b" });
    histogram.record(0.7);
    nowMs += 5;
    histogram.record(1e30, { trace_id: "c" });
    expect([0, 1, 2].map((bucket) => sourceOf().exemplar(bucket))).toEqual([
      { value: 1, labels: { trace_id: "b" }, atMs: 1_700_000_000_000 },
      undefined,
      { value: 1e30, labels: { trace_id: "c" }, atMs: 1_700_000_000_005 },
    ]);
    expect(histogram.stats.lifetime.count).toBe(4);
  });

  it("of a counter is that of the latest addition that had one", () => {
    const counter = metrics.counter("c");
    expect(counter.exemplar).toBeUndefined();
    counter.add(2, { trace_id: "a" });
    counter.add(1);
    counter.add(0.5);
    expect([counter.value, counter.exemplar]).toEqual([3.5, { value: 2, labels: { trace_id: "a" }, atMs: nowMs }]);
  });

  it("does not come from a value that was left out", () => {
    silenced();
    const counter = metrics.counter("c");
    counter.add(-1, { a: "b" });
    metrics.histogram("h").record(NaN, { a: "b" });
    expect([counter.exemplar, sourceOf().exemplar(0)]).toEqual([undefined, undefined]);
  });

  it("is a copy of its labels", () => {
    const labels = { trace_id: "a" };
    const counter = metrics.counter("c");
    counter.add(1, labels);
    labels.trace_id = "b";
    expect(counter.exemplar?.labels).toEqual({ trace_id: "a" });
  });

  it("has at most 128 code points of names and values: a longer one is left out, counted, and a warning once; its value counts", () => {
    const warned = silenced();
    const counter = metrics.counter("c");
    counter.add(1, { ab: "x".repeat(126) });
    expect(counter.exemplar?.labels.ab).toHaveLength(126);
    counter.add(1, { ab: "\u{1F600}".repeat(126) });
    expect(counter.exemplar?.labels.ab).toHaveLength(252);
    counter.add(1, { ab: "x".repeat(127) });
    counter.add(1, { ab: "\u{1F600}".repeat(126), c: "" });
    expect(counter.exemplar?.labels.ab).toHaveLength(252);
    expect([counter.value, dropped("c")]).toEqual([4, 2]);
    expect(warned).toHaveBeenCalledOnce();
  });

  it("is left out and counted when its labels are none, as an untyped caller may have it", () => {
    silenced();
    const counter = metrics.counter("c");
    const thrower = Object.defineProperty({}, "a", { enumerable: true, get: () => { throw new Error("no"); } });
    for (const bad of [null, "text", 5, { a: 5 }, { "": "a" }, thrower]) counter.add(1, bad as ExemplarLabels);
    expect([counter.value, counter.exemplar, dropped("c")]).toEqual([6, undefined, 6]);
  });

  it("holds to its limit whatever the labels", () => {
    silenced();
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 80, unit: "grapheme" }), fc.string({ maxLength: 80, unit: "grapheme" }), { maxKeys: 3 }), (labels) => {
        const counter = new Metrics().counter("c");
        counter.add(1, labels);
        const length = Array.from(Object.entries(labels).flat().join("")).length;
        expect(counter.exemplar !== undefined).toBe(length <= 128 && !Object.hasOwn(labels, ""));
      }),
    );
  });
});

describe("a source of exemplars", () => {
  it("is asked for records that bring none, so that a trace in an AsyncLocalStorage finds its way", () => {
    const traces = new AsyncLocalStorage<string>();
    const own = new Metrics({
      exemplar: () => {
        const id = traces.getStore();
        return id === undefined ? undefined : { trace_id: id };
      },
    });
    const [counter, histogram] = [own.counter("c"), own.histogram("h", { buckets: [1] })];
    counter.add(1);
    expect(counter.exemplar).toBeUndefined();
    traces.run("t1", () => {
      counter.add(1);
      histogram.record(0.5);
      histogram.record(0);
      histogram.record(2, { trace_id: "given" });
    });
    counter.add(1);
    expect([counter.value, counter.exemplar?.labels]).toEqual([3, { trace_id: "t1" }]);
    expect([0, 1].map((bucket) => sourceOf(own).exemplar(bucket)?.labels)).toEqual([{ trace_id: "t1" }, { trace_id: "given" }]);
  });

  it("that throws fails no record: it is a warning once, and the exemplars are counted as left out", () => {
    const warned = silenced();
    const failure = new Error("no context");
    const own = new Metrics({ exemplar: () => { throw failure; } });
    const counter = own.counter("c");
    for (let n = 0; n < 3; n++) counter.add(1);
    expect([counter.value, dropped("c", own)]).toEqual([3, 3]);
    expect(warned.mock.calls.filter(([warning]) => warning === failure)).toHaveLength(1);
  });

  it("is not asked about what the registry counts for itself", () => {
    silenced();
    const ask = vi.fn(() => ({ a: "b".repeat(200) }));
    const own = new Metrics({ exemplar: ask });
    own.counter("c").add(1);
    expect(ask).toHaveBeenCalledOnce();
    expect(dropped("c", own)).toBe(1);
  });
});
