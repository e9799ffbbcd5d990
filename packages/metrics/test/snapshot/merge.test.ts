import { ManualClock } from "@breakwater/core/testing";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  InstrumentConflictError,
  mergeSnapshots,
  Metrics,
  summaryOf,
  unpackCounts,
  type GaugeRule,
  type HistogramReading,
  type Snapshot,
} from "@breakwater/metrics";

const windowsMs = [10_000, 60_000];
let clock: ManualClock;
beforeEach(() => void (clock = new ManualClock()));

function registry(atMs = 1000): Metrics {
  return new Metrics({ clock, windowsMs, wallClock: () => atMs });
}

function taken(fill: (metrics: Metrics) => void, atMs?: number): Snapshot {
  const metrics = registry(atMs);
  fill(metrics);
  return metrics.snapshot();
}

function seriesOf(snapshot: Snapshot, name: string) {
  return snapshot.metrics.find((metric) => metric.name === name)?.series ?? [];
}

/** [attributes, reading] of each series. */
function readings(snapshot: Snapshot, name: string): unknown[] {
  return seriesOf(snapshot, name).map(({ attributes, reading }) => [attributes, reading]);
}

function histogram(snapshot: Snapshot, name: string): HistogramReading {
  const metric = snapshot.metrics.find((each) => each.name === name);
  const reading = metric?.type === "histogram" ? metric.series[0]?.reading : undefined;
  if (reading === undefined) throw new Error(`no histogram ${name}`);
  return reading;
}

const inJson = (snapshot: Snapshot): Snapshot => JSON.parse(JSON.stringify(snapshot)) as Snapshot; // what travels

/** In an order of its own: what is compared is what is said, not in which order. */
function sorted(snapshot: Snapshot): Snapshot {
  const metrics = snapshot.metrics.map((metric) => {
    const series = [...metric.series].sort((a, b) => (JSON.stringify(a.attributes) < JSON.stringify(b.attributes) ? -1 : 1));
    return { ...metric, series } as typeof metric; // the same series
  });
  return { ...snapshot, metrics };
}

describe("the merge of snapshots", () => {
  interface Sample {
    readonly kind: "count" | "record" | "move";
    readonly value: number;
    readonly key: string;
  }
  const sample: fc.Arbitrary<Sample> = fc.record({
    kind: fc.constantFrom("count", "record", "move"),
    value: fc.oneof(fc.constantFrom(0, 1, 1e-300, 1e300, 2 ** 70), fc.double({ min: 0, max: 100, noNaN: true }), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true, max: 1e200 })),
    key: fc.constantFrom("a", "b", ""),
  });

  function feed(metrics: Metrics, { kind, value, key }: Sample): void {
    const attributes = { key };
    if (kind === "count") metrics.counter("c", { attributes }).add(value);
    else if (kind === "record") metrics.histogram("h", { unit: "s", attributes }).record(value);
    else metrics.upDownCounter("u", { attributes }).add(key === "a" ? -value : value);
  }

  it("does not depend on the order, nor on what was merged before, to the last digit", () => {
    fc.assert(
      fc.property(fc.array(fc.array(sample, { maxLength: 12 }), { minLength: 3, maxLength: 5 }), fc.nat(), (parts, seed) => {
        const snapshots = parts.map((samples) => taken((metrics) => samples.forEach((each) => feed(metrics, each))));
        const all = mergeSnapshots(snapshots);
        expect(sorted(mergeSnapshots([...snapshots].reverse()))).toEqual(sorted(all));
        const at = 1 + (seed % (snapshots.length - 1));
        const nested = mergeSnapshots([mergeSnapshots(snapshots.slice(at)), mergeSnapshots(snapshots.slice(0, at))]);
        expect(sorted(nested)).toEqual(sorted(all));
        expect(sorted(mergeSnapshots([inJson(mergeSnapshots(snapshots.slice(at))), ...snapshots.slice(0, at)].map(inJson)))).toEqual(sorted(all));
      }),
      { numRuns: 60 },
    );
  });

  it("equals one registry that was fed all the samples, in every window", () => {
    // quarters, whose sums need no rounding in any order
    const step = fc.record({ waitMs: fc.constantFrom(0, 0, 900, 7000, 70_000), part: fc.nat(3), key: fc.constantFrom("a", "b"), value: fc.nat(400) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const one = registry();
        const parts = Array.from({ length: 4 }, () => registry());
        for (const metrics of [one, ...parts]) {
          for (const key of ["a", "b"]) {
            metrics.histogram("h", { unit: "s", attributes: { key } });
            metrics.counter("c", { attributes: { key } });
          }
        }
        for (const { waitMs, part, key, value } of steps) {
          clock.advance(waitMs);
          for (const metrics of [one, parts[part] ?? one]) {
            feed(metrics, { kind: "record", value: value / 4, key });
            feed(metrics, { kind: "count", value: value / 4, key });
          }
        }
        expect(sorted(mergeSnapshots(parts.map((metrics) => metrics.snapshot())))).toEqual(sorted(one.snapshot()));
      }),
      { numRuns: 60 },
    );
  });

  it("makes quantiles after adding, in each window: four workers with a median of 1 s have a median of 1 s", () => {
    const workers = Array.from({ length: 4 }, () => registry());
    for (const metrics of workers) metrics.histogram("h", { unit: "s" }).record(1);
    clock.advance(30_000);
    workers[0]?.histogram("h", { unit: "s" }).record(8);
    const { lifetime, windows } = histogram(mergeSnapshots(workers.map((metrics) => metrics.snapshot())), "h");
    expect(summaryOf(lifetime)).toMatchObject({ count: 5, p50: 1, max: 8, sum: 12 });
    const minute = windows["60000"];
    const tenSeconds = windows["10000"];
    if (minute === undefined || tenSeconds === undefined) throw new Error("a window is missing");
    expect(summaryOf(minute)).toMatchObject({ count: 5, p50: 1 });
    expect(summaryOf(tenSeconds)).toMatchObject({ count: 1, p50: 8 });
  });

  it("has NaN for the quantiles of a window without samples, before and after JSON", () => {
    const snapshot = taken((metrics) => void metrics.histogram("h"));
    for (const each of [snapshot, inJson(snapshot)]) {
      const { windows, lifetime } = histogram(mergeSnapshots([each, each]), "h");
      expect(lifetime).toMatchObject({ count: 0, sum: 0, min: NaN, max: NaN, counts: [] });
      expect(summaryOf(windows["10000"] ?? lifetime)).toMatchObject({ count: 0, rate: 0, p50: NaN, min: NaN, max: NaN });
    }
  });

  it("has a rate of 0 for a window that none of them has any more", () => {
    const one = taken((metrics) => metrics.histogram("h").record(1));
    const metrics = one.metrics.map((metric) =>
      metric.type !== "histogram" ? metric : { ...metric, series: metric.series.map((each) => ({ ...each, reading: { ...each.reading, windows: {} } })) });
    const { windows, lifetime } = histogram(mergeSnapshots([{ ...one, metrics }]), "h");
    expect(windowsMs.map((ms) => summaryOf(windows[ms] ?? lifetime))).toEqual([expect.objectContaining({ count: 0, rate: 0 }), expect.objectContaining({ count: 0, rate: 0 })]);
  });

  it("has the samples of all over the longest time for a rate, since they ran side by side", () => {
    const old = registry();
    old.histogram("h").record(1);
    clock.advance(8000);
    const young = registry();
    for (let n = 0; n < 7; n++) young.histogram("h").record(1);
    const merged = mergeSnapshots([old.snapshot(), young.snapshot()]);
    expect(summaryOf(histogram(merged, "h").lifetime).rate).toBe(1);
  });

  it("keeps only the windows that all histograms have", () => {
    const short = new Metrics({ clock, windowsMs: [10_000] });
    short.histogram("h").record(1);
    const none = new Metrics({ clock, windowsMs: [] });
    none.counter("c").add(1);
    const both = taken((metrics) => metrics.histogram("h").record(1));
    const merged = mergeSnapshots([both, short.snapshot(), none.snapshot()]);
    expect(merged.windowsMs).toEqual([10_000]);
    expect(Object.keys(histogram(merged, "h").windows)).toEqual(["10000"]);
  });

  it("keeps the latest exemplar of each bucket and of each counter", () => {
    const fill = (id: string) => (metrics: Metrics) => {
      metrics.histogram("h").record(0.001, { trace_id: id });
      metrics.counter("c").add(1, { trace_id: id });
    };
    const merged = mergeSnapshots([taken(fill("new"), 2000), taken(fill("old"), 1000)]);
    expect(histogram(merged, "h").exemplars).toEqual({ 0: { value: 0.001, labels: { trace_id: "new" }, atMs: 2000 } });
    expect(seriesOf(merged, "c")[0]?.exemplar).toEqual({ value: 1, labels: { trace_id: "new" }, atMs: 2000 });
  });

  it("says from when to when it is", () => {
    const merged = mergeSnapshots([taken(() => undefined, 3000), taken(() => undefined, 1000)]);
    expect(merged).toEqual({ version: 2, startedAtMs: 1000, takenAtMs: 3000, windowsMs: [], metrics: [] });
    expect(mergeSnapshots([])).toEqual({ version: 2, startedAtMs: NaN, takenAtMs: NaN, windowsMs: [], metrics: [] });
  });

  it("takes attributes in any order, and keys such as __proto__, for the series that they are", () => {
    const attributes = JSON.parse('{"__proto__":"x","b":"1"}') as Record<string, string>; // an own key
    const reversed = JSON.parse('{"b":"1","__proto__":"x"}') as Record<string, string>;
    const merged = mergeSnapshots([
      taken((metrics) => metrics.counter("c", { attributes }).add(1)),
      inJson(taken((metrics) => metrics.counter("c", { attributes: reversed }).add(2))),
    ]);
    expect(seriesOf(merged, "c")).toHaveLength(1);
    expect(Object.keys(seriesOf(merged, "c")[0]?.attributes ?? {})).toEqual(["__proto__", "b"]);
    expect(seriesOf(merged, "c")[0]?.reading).toBe(3);
  });

  it("does not take one value for two attributes, whatever characters it has", () => {
    const values = ["x\0b\0y", "x\x001\0b\x001\0y", "x\0b", "x"];
    const snapshot = taken((metrics) => {
      for (const a of values) metrics.counter("c", { attributes: { a } }).add(1);
      metrics.counter("c", { attributes: { a: "x", b: "y" } }).add(1);
    });
    expect(seriesOf(mergeSnapshots([snapshot, snapshot]), "c").map(({ reading }) => reading)).toEqual([2, 2, 2, 2, 2]);
  });

  it("changes nothing in what it was given", () => {
    const snapshot = taken((metrics) => {
      metrics.counter("c").add(0.1);
      metrics.histogram("h").record(0.1);
    });
    const before = JSON.stringify(snapshot);
    const merged = mergeSnapshots([snapshot, snapshot]);
    expect(JSON.stringify(snapshot)).toBe(before);
    expect(merged.metrics[0]?.series[0]?.attributes).not.toBe(snapshot.metrics[0]?.series[0]?.attributes);
  });
});

describe("sums of doubles", () => {
  it("do not fall when they are merged in another order, which a scraper would take for a restart", () => {
    const [a, b, c] = [0.1, 0.2, 0.3].map((value) => taken((metrics) => metrics.counter("c").add(value)));
    if (a === undefined || b === undefined || c === undefined) throw new Error("three were taken");
    expect(0.1 + 0.2 + 0.3).not.toBe(0.3 + 0.2 + 0.1); // what adding does
    const total = (snapshot: Snapshot): unknown => seriesOf(snapshot, "c")[0]?.reading;
    expect(total(mergeSnapshots([a, b, c]))).toBe(total(mergeSnapshots([c, b, a])));
    expect(total(mergeSnapshots([mergeSnapshots([a, b]), c]))).toBe(total(mergeSnapshots([mergeSnapshots([c, b]), a])));
  });
});

describe("gauges", () => {
  function gauges(values: readonly number[], rule?: GaugeRule, unit = ""): unknown[] {
    const snapshots = values.map((value, index) => taken((metrics) => metrics.settableGauge("g", { unit }).set(value), 1000 * index));
    return readings(mergeSnapshots(snapshots, { gauges: rule }), "g").map((reading) => (reading as unknown[])[1]);
  }

  it.each<[GaugeRule, number]>([
    ["sum", 12],
    ["max", 7],
    ["min", 2],
    ["last", 3],
  ])("merge by the rule %s", (rule, expected) => {
    expect(gauges([2, 7, 3], rule)).toEqual([expected]);
  });

  it("add up by default when their unit is of things or bytes, for such are limits, queues and memory", () => {
    for (const unit of ["{call}", "{connection}", "By", "MiBy", "{call}/s"]) expect(gauges([2, 3], undefined, unit)).toEqual([5]);
  });

  it("that are shares, delays or codes are never added up by default: the largest is taken", () => {
    for (const unit of ["1", "s", "", "Cel", "%"]) expect(gauges([2, 3], undefined, unit)).toEqual([3]);
  });

  it("are kept apart by default, with the name of their snapshot, when it has one", () => {
    const fill = (value: number) =>
      taken((metrics) => {
        metrics.settableGauge("utilisation", { unit: "1" }).set(value);
        metrics.settableGauge("queue", { unit: "{call}" }).set(value);
      });
    const merged = mergeSnapshots(new Map([["1", fill(0.5)], ["2", fill(0.25)]]));
    expect(readings(merged, "utilisation")).toEqual([[{ worker: "1" }, 0.5], [{ worker: "2" }, 0.25]]);
    expect(readings(merged, "queue")).toEqual([[{}, 0.75]]);
    const labelled = mergeSnapshots(new Map([["a", fill(1)]]), { label: "pod", gauges: "apart" });
    expect(readings(labelled, "queue")).toEqual([[{ pod: "a" }, 1]]);
  });

  it("that were kept apart stay apart, under their own names, when merged again", () => {
    const fill = (value: number) => taken((metrics) => metrics.settableGauge("g").set(value));
    const first = mergeSnapshots(new Map([["1", fill(1)], ["2", fill(2)]]));
    const again = mergeSnapshots(new Map([["x", first], ["3", fill(3)]]));
    expect(readings(again, "g")).toEqual([[{ worker: "1" }, 1], [{ worker: "2" }, 2], [{ worker: "3" }, 3]]);
  });

  it("may have a rule for each metric, and the default for the others", () => {
    const fill = (value: number) =>
      taken((metrics) => {
        metrics.settableGauge("a").set(value);
        metrics.settableGauge("b").set(value);
      });
    const merged = mergeSnapshots([fill(1), fill(2)], { gauges: ({ name }) => (name === "a" ? "min" : undefined) });
    expect([readings(merged, "a"), readings(merged, "b")]).toEqual([[[{}, 1]], [[{}, 2]]]);
  });

  it("without an answer count only where nobody has one; a sum with no answer in it is none", () => {
    expect(gauges([NaN, 2], "max")).toEqual([2]);
    expect(gauges([2, NaN], "min")).toEqual([2]);
    expect(gauges([NaN, NaN], "min")).toEqual([NaN]);
    expect(gauges([NaN, 2], "sum")).toEqual([NaN]);
    expect(gauges([Infinity, 2], "sum")).toEqual([Infinity]);
    expect(gauges([Infinity, -Infinity], "sum")).toEqual([NaN]);
  });

  it("merge in any order and grouping, whatever the rule", () => {
    const value = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(NaN, 0.1, 1e100));
    const part = fc.record({ atMs: fc.nat(3), value, has: fc.boolean() });
    fc.assert(
      fc.property(fc.constantFrom<GaugeRule>("sum", "max", "min", "last"), fc.array(part, { minLength: 3, maxLength: 5 }), (rule, parts) => {
        const snapshots = parts.map(({ atMs, value, has }) =>
          taken((metrics) => {
            if (has) metrics.settableGauge("g").set(value);
            if (has) metrics.stateSet("s", ["on", "off"]).set(value > 0 ? "on" : "off");
          }, atMs),
        );
        const merge = (some: readonly Snapshot[]): Snapshot => mergeSnapshots(some, { gauges: rule });
        const all = sorted(merge(snapshots));
        expect(sorted(merge([...snapshots].reverse()))).toEqual(all);
        expect(sorted(merge([merge(snapshots.slice(1)), ...snapshots.slice(0, 1)]))).toEqual(all);
        expect(sorted(merge([merge(snapshots.slice(0, 2)), merge(snapshots.slice(2))]))).toEqual(all);
      }),
    );
  });

  it.each([
    ["average", "gauges must be a function or one of sum, max, min, last, apart, got \"average\""],
    ["apart", '"g" can be kept apart only when the snapshots are a Map from their names'],
  ])("refuse the rule %s", (rule, message) => {
    const snapshot = taken((metrics) => metrics.settableGauge("g").set(1));
    expect(() => mergeSnapshots([snapshot], { gauges: rule as GaugeRule })).toThrow(TypeError);
    expect(() => mergeSnapshots([snapshot], { gauges: rule as GaugeRule })).toThrow(message);
  });
});

describe("infos and state sets", () => {
  const fill = (version: string, state: "open" | "closed") =>
    taken((metrics) => {
      metrics.info("build", { version });
      metrics.stateSet("circuit", ["open", "closed"]).set(state);
    });

  it("say the same once, and what differs side by side", () => {
    const merged = mergeSnapshots([fill("1.0", "open"), fill("1.0", "open"), fill("1.1", "open")]);
    expect(readings(merged, "build")).toEqual([[{ version: "1.0" }, 1], [{ version: "1.1" }, 1]]);
  });

  it("show each state that anybody is in, or with min that everybody is in, or each process apart", () => {
    const [one, two] = [fill("1", "open"), fill("1", "closed")];
    expect(readings(mergeSnapshots([one, two]), "circuit")).toEqual([[{}, { open: true, closed: true }]]);
    expect(readings(mergeSnapshots([one, two], { gauges: "min" }), "circuit")).toEqual([[{}, { open: false, closed: false }]]);
    expect(readings(mergeSnapshots(new Map([["1", one], ["2", two]])), "circuit")).toEqual([
      [{ worker: "1" }, { open: true, closed: false }],
      [{ worker: "2" }, { open: false, closed: true }],
    ]);
  });
});

describe("what cannot be merged", () => {
  const counter = taken0((metrics) => metrics.counter("x", { unit: "By" }).add(1));

  function taken0(fill: (metrics: Metrics) => void): Snapshot {
    const metrics = new Metrics();
    fill(metrics);
    return metrics.snapshot();
  }

  it.each<[string, (metrics: Metrics) => void, string, string]>([
    ["type", (metrics) => metrics.settableGauge("x", { unit: "By" }).set(1), 'counter "x" with unit "By"', 'gauge "x" with unit "By"'],
    ["unit", (metrics) => metrics.counter("x").add(1), 'counter "x" with unit "By"', 'counter "x" with no unit'],
    ["spelling", (metrics) => metrics.settableGauge("x.bytes_total").set(1), 'counter "x" with unit "By"', 'gauge "x.bytes_total" with no unit'],
  ])("is refused with both definitions named: another %s", (_, fill, existing, requested) => {
    const merge = () => mergeSnapshots([counter, taken(fill)]);
    expect(merge).toThrow(InstrumentConflictError);
    expect(merge).toThrow(expect.objectContaining({ code: "ERR_INSTRUMENT_CONFLICT", existing, requested }));
  });

  it("is refused with both lists named: other buckets", () => {
    const [a, b] = [[1, 2], [1, 3]].map((buckets) => taken((metrics) => metrics.histogram("h", { buckets }).record(1)));
    const merge = () => mergeSnapshots([a, b].filter((each) => each !== undefined));
    expect(merge).toThrow('histogram "h" with no unit and buckets [1, 3] conflicts with histogram "h" with no unit and buckets [1, 2]');
  });

  it.each<[unknown, new () => Error, string]>([
    [{ version: 1, metrics: [] }, RangeError, "snapshots[1] must be a snapshot of version 2, got version 1"],
    [{ version: 3, metrics: [] }, RangeError, "got version 3"],
    [{ version: 2 }, TypeError, "snapshots[1] must have an array of metrics"],
    ["text", TypeError, "snapshots[1] must be a snapshot, got string"],
    [null, TypeError, "got null"],
    [{}, TypeError, "got object"],
  ])("is refused: %o", (foreign, type, message) => {
    const merge = () => mergeSnapshots([counter, foreign as Snapshot]);
    expect(merge).toThrow(type);
    expect(merge).toThrow(message);
  });
});

describe("the counts of a distribution", () => {
  it("are those of OpenTelemetry's buckets at scale 4, with runs of empty ones written as one number", () => {
    const snapshot = taken((metrics) => {
      const recorded = metrics.histogram("h");
      for (const value of [0.25, 1, 1, 1.01, 4, 0]) recorded.record(value);
    });
    const { lifetime } = histogram(snapshot, "h");
    // bucket -1 holds what is at most 2^0, bucket 0 what is above: 0.25 = 2^-2 is in -33, 4 = 2^2 in 31
    expect(lifetime).toMatchObject({ scale: 4, offset: -33, counts: [1, -31, 2, 1, -30, 1], zeros: 1, count: 6, min: 0, max: 4 });
    const counts = unpackCounts(lifetime.counts);
    expect([counts.length, counts[0], counts[32], counts[33], counts[64]]).toEqual([65, 1, 2, 1, 1]);
  });
});

describe("a snapshot", () => {
  it("leaves no key out in JSON that merging needs, and writes a fresh minute of latencies in a few hundred characters", () => {
    const snapshot = taken((metrics) => {
      const latency = metrics.histogram("h", { unit: "s" });
      for (let ms = 1; ms <= 1000; ms++) latency.record(ms / 1000);
      latency.record(60); // far away
    });
    expect(mergeSnapshots([inJson(snapshot)])).toEqual(mergeSnapshots([snapshot]));
    expect(JSON.stringify(histogram(snapshot, "h").lifetime).length).toBeLessThan(700);
  });

  it("is data of its own, which nothing that happens later changes", () => {
    const metrics = registry();
    const counter = metrics.counter("c", { attributes: { a: 1 } });
    metrics.histogram("h").record(1);
    const snapshot = metrics.snapshot();
    const before = JSON.stringify(snapshot);
    counter.add(1);
    metrics.histogram("h").record(1);
    expect(JSON.stringify(snapshot)).toBe(before);
    expect(JSON.stringify(structuredClone(snapshot))).toBe(before);
  });
});

it("a rule that fails is the caller's own error, in a merge", () => {
  const failure = new Error("no rule");
  const snapshot = taken((metrics) => metrics.settableGauge("g").set(1));
  const merge = () => mergeSnapshots([snapshot], { gauges: () => { throw failure; } });
  expect(merge).toThrow(failure);
});
