import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { Metrics, type BoundInfo, type BoundStateSet, type BoundUpDownCounter, type CardinalityReport, type UnitlessOptions } from "@breakwater/metrics";
import { ManualClock } from "@breakwater/core/testing";

let metrics: Metrics;
beforeEach(() => void (metrics = new Metrics({ clock: new ManualClock() })));
afterEach(() => void vi.restoreAllMocks());

const silenced = () => vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
const rejected = (): number => metrics.counter("breakwater.metrics.rejected_values", { attributes: { instrument: "x" } }).value;
const lines = (): string[] => metrics.prometheus().split("\n").filter((line) => line !== "" && !line.startsWith("#") && !line.startsWith("breakwater"));

describe("an up-down counter", () => {
  it("is 0 at first, adds either sign, and is a gauge in Prometheus", () => {
    const counter = metrics.upDownCounter("queue.items", { unit: "{item}" });
    expect(lines()).toEqual(["queue_items 0"]);
    counter.add(5);
    counter.add(-7.5);
    expect(counter.value).toBe(-2.5);
    expect(metrics.prometheus()).toContain("# TYPE queue_items gauge\nqueue_items -2.5\n");
  });

  it("leaves out NaN, Infinity and text, and counts them", () => {
    silenced();
    const counter = metrics.upDownCounter("x");
    counter.add(2);
    for (const bad of [NaN, Infinity, -Infinity, "5", 5n, undefined]) counter.add(bad as number);
    expect([counter.value, rejected()]).toEqual([2, 6]);
  });
});

describe("an info", () => {
  it("is 1, its data are its attributes, and its name ends in _info once", () => {
    metrics.info("build", { version: "1.2.3", dirty: false });
    metrics.info("target.info", { host: "a" });
    expect(lines()).toEqual(['build_info{dirty="false",version="1.2.3"} 1', 'target_info{host="a"} 1']);
  });

  it("is the same for the same attributes, another series for others, and gone when it is removed", () => {
    const first = metrics.info("build", { version: "1" });
    expect(metrics.info("build", { version: "1" })).toBe(first);
    metrics.info("build", { version: "2" });
    first.remove();
    first.remove();
    expect(lines()).toEqual(['build_info{version="2"} 1']);
  });
});

describe("a state set", () => {
  const states = ["closed", "open", "half-open"] as const;

  it("holds none of its states at first, and shows each as a series of its own", () => {
    const set = metrics.stateSet("door", states, { attributes: { name: "a" } });
    expect([...set.states()]).toEqual([["closed", false], ["open", false], ["half-open", false]]);
    expect(lines().sort()).toEqual(['door{name="a",door="closed"} 0', 'door{name="a",door="half-open"} 0', 'door{name="a",door="open"} 0']);
  });

  it("holds the one that is named and no other, or changes those that an object names", () => {
    const set = metrics.stateSet("door", states);
    set.set("open");
    set.set("closed");
    expect([...set.states().values()]).toEqual([true, false, false]);
    set.set({ "half-open": true });
    set.set({ closed: false, open: false });
    expect([...set.states().values()]).toEqual([false, false, true]);
  });

  it("leaves out states that are not in its list and answers that are neither true nor false, and counts them", () => {
    const warned = silenced();
    const set: BoundStateSet = metrics.stateSet("x", ["a", "b"]);
    set.set("a");
    for (const bad of ["c", "__proto__", null, 5, { c: true, b: 1, a: false }]) set.set(bad as string);
    expect([[...set.states()], rejected()]).toEqual([[["a", false], ["b", false]], 6]);
    expect(String(warned.mock.calls[0]?.[0])).toBe('RangeError: state set "x" with no unit and states ["a","b"] takes the states ["a","b"], got "c"');
  });

  it("is not changed by what the caller does to its list or to what it was given", () => {
    const list = ["a", "b"];
    const set = metrics.stateSet("x", list);
    list.push("c");
    (set.states() as Map<string, boolean>).set("a", true);
    expect([...set.states()]).toEqual([["a", false], ["b", false]]);
    expect(metrics.stateSet("x", ["a", "b"])).toBe(set);
  });

  it("takes only its own states, by type", () => {
    const set = metrics.stateSet("door", states);
    expectTypeOf(set).toEqualTypeOf<BoundStateSet<"closed" | "open" | "half-open">>();
    expectTypeOf<Parameters<typeof set.set>[0]>().toEqualTypeOf<"closed" | "open" | "half-open" | Readonly<Partial<Record<"closed" | "open" | "half-open", boolean>>>>();
  });

  it("agrees with a plain object, whatever is set", () => {
    const state = fc.constantFrom("a", "b", "c", "d");
    const change = fc.oneof(state, fc.dictionary(state, fc.boolean()));
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const set: BoundStateSet = new Metrics().stateSet("x", ["a", "b", "c", "d"]);
        let model: Record<string, boolean> = { a: false, b: false, c: false, d: false };
        for (const each of changes) {
          set.set(each);
          model = typeof each === "string" ? { a: false, b: false, c: false, d: false, [each]: true } : { ...model, ...each };
        }
        expect(Object.fromEntries(set.states())).toEqual(model);
      }),
    );
  });
});

describe("removing a series", () => {
  it("takes it out of everything that is shown, and what it counts from then on shows nowhere", () => {
    const instruments = [
      metrics.counter("c"), metrics.upDownCounter("u"), metrics.settableGauge("g"), metrics.histogram("h"), metrics.stateSet("s", ["a"]), metrics.info("i", {}),
    ];
    metrics.settableGauge("g").set(1);
    expect(lines().length).toBeGreaterThan(6);
    for (const instrument of instruments) instrument.remove();
    expect(lines()).toEqual([]);
    metrics.counter("c").add(1);
    expect(lines()).toEqual(["c_total 1"]);
  });

  it("frees its place under the limit, and does not take away a later series of the same attributes", () => {
    const small = new Metrics({ maxSeries: 1 });
    const first = small.counter("c", { attributes: { n: 1 } });
    first.remove();
    const second = small.counter("c", { attributes: { n: 1 } });
    first.remove();
    first.add(7);
    second.add(1);
    expect(small.counter("c", { attributes: { n: 1 } })).toBe(second);
    expect(small.prometheus()).toContain('c_total{n="1"} 1\n');
  });

  it("leaves the overflow series alone, because others count in it", () => {
    silenced();
    const small = new Metrics({ maxSeries: 1 });
    const [, second, third] = [1, 2, 3].map((n) => small.counter("c", { attributes: { n } }));
    second?.remove();
    third?.add(4);
    expect(small.prometheus()).toContain('c_total{otel_metric_overflow="true"} 4\n');
  });
});

describe("clearing a registry", () => {
  it("forgets instruments, names and the registry's own counts; what was made before shows nowhere and does not throw", () => {
    silenced();
    const before = metrics.counter("x", { unit: "s" });
    const stop = metrics.gauge("g", () => 1);
    before.add(-1);
    metrics.clear();
    expect(metrics.prometheus()).toBe("");
    before.add(1);
    before.add(-1);
    stop();
    before.remove();
    metrics.histogram("x").record(1);
    expect(lines().at(-1)).toBe("x_count 1");
    expect(metrics.counter("breakwater.metrics.rejected_values", { attributes: { instrument: "x" } }).value).toBe(0);
  });
});

describe("types", () => {
  it("of the instruments are their own, and infos and state sets have no unit", () => {
    silenced();
    expectTypeOf(metrics.upDownCounter("u")).toEqualTypeOf<BoundUpDownCounter>();
    expectTypeOf(metrics.info("i", { a: 1 })).toEqualTypeOf<BoundInfo>();
    expectTypeOf(metrics.cardinality()).toEqualTypeOf<readonly CardinalityReport[]>();
    expectTypeOf<UnitlessOptions>().not.toHaveProperty("unit");
    // @ts-expect-error a state set has no unit
    expect(() => metrics.stateSet("s", ["a"], { unit: "s" })).toThrow(RangeError);
    // @ts-expect-error an exemplar's labels are text
    metrics.counter("c").add(1, { trace_id: undefined });
  });
});

describe("the cardinality of instruments", () => {
  it("names series, overflows and the attribute with most distinct values, the largest instrument first", () => {
    silenced();
    const small = new Metrics({ maxSeries: 6 });
    for (let n = 0; n < 10; n++) small.counter("requests", { attributes: { user: `u${n}`, method: n % 2 === 0 ? "GET" : "POST" } });
    small.histogram("duration", { attributes: { route: "/" } });
    small.settableGauge("alone");
    expect(small.cardinality().slice(0, 4)).toEqual([
      { name: "requests", kind: "counter", series: 6, maxSeries: 6, overflowed: 4, attribute: { key: "user", values: 6 } },
      { name: "alone", kind: "gauge", series: 1, maxSeries: 6, overflowed: 0, attribute: undefined },
      { name: "breakwater.metrics.overflows", kind: "counter", series: 1, maxSeries: Infinity, overflowed: 0, attribute: { key: "instrument", values: 1 } },
      { name: "duration", kind: "histogram", series: 1, maxSeries: 6, overflowed: 0, attribute: { key: "route", values: 1 } },
    ]);
  });

  it("counts an attribute named __proto__ like any other", () => {
    for (const n of [1, 2]) metrics.counter("c", { attributes: JSON.parse(`{"__proto__":"${n}"}`) as Record<string, string> });
    expect(metrics.cardinality()[0]).toMatchObject({ name: "c", attribute: { key: "__proto__", values: 2 } });
  });
});
