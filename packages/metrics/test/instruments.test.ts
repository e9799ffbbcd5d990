import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { InstrumentConflictError, Metrics, type Snapshot } from "@breakwater/metrics";
import { ManualClock } from "@breakwater/core/testing";

let metrics: Metrics;
beforeEach(() => void (metrics = new Metrics({ clock: new ManualClock() })));
afterEach(() => void vi.restoreAllMocks());

const silenced = () => vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);

function readings(name: string, snapshot: Snapshot = metrics.snapshot()): unknown[] {
  const metric = snapshot.metrics.find((candidate) => candidate.name === name);
  return (metric?.series ?? []).map(({ reading }) => reading);
}

describe("options", () => {
  it.each([
    [{ windowsMs: [0] }, RangeError, "windowsMs[0] must be a number from 1 to 9007199254740991, got 0"],
    [{ exemplar: 5 as unknown as () => undefined }, TypeError, "exemplar must be a function, got number"],
    [{ wallClock: 5 as unknown as () => number }, TypeError, "wallClock must be a function, got number"],
    [{ maxSeries: 0 }, RangeError, "maxSeries"],
    [{ maxSeries: "9" as unknown as number }, TypeError, 'maxSeries must be a number, got "9"'],
  ])("%o are refused", (options, type, message) => {
    expect(() => new Metrics(options)).toThrow(type);
    expect(() => new Metrics(options)).toThrow(message);
  });
});

describe("a counter", () => {
  it("adds whole amounts, fractions and 0", () => {
    const counter = metrics.counter("c");
    for (const amount of [1, 0, 2.5, -0, 2 ** 40]) counter.add(amount);
    expect(counter.value).toBe(3.5 + 2 ** 40);
  });

  it("is exact beyond 32 bits when counted in small steps", () => {
    const counter = metrics.counter("c");
    for (let n = 0; n < 40; n++) counter.add(2 ** 29 - 1);
    expect(counter.value).toBe(40 * (2 ** 29 - 1));
  });

  it("agrees with a plain sum, whatever is added", () => {
    const amount = fc.oneof(fc.nat(), fc.nat(2 ** 31), fc.constantFrom(2 ** 29 - 1, 2 ** 29, 2 ** 30, 2 ** 31, 0.25, 1.5));
    fc.assert(
      fc.property(fc.array(amount), (amounts) => {
        const counter = new Metrics().counter("c");
        for (const each of amounts) counter.add(each);
        expect(counter.value).toBe(amounts.reduce((sum, each) => sum + each, 0)); // quarters add without rounding
      }),
    );
  });

  it("leaves out decreases, NaN, Infinity and text, without throwing into the code it measures, and counts them", () => {
    const warned = silenced();
    const counter = metrics.counter("c", { unit: "By" });
    counter.add(3);
    const bad: unknown[] = [-1, NaN, Infinity, "5", 5n, undefined, Object.create(null), Symbol("s")];
    for (const amount of bad) counter.add(amount as number); // what untyped callers do
    expect(counter.value).toBe(3);
    expect(readings("breakwater.metrics.rejected_values")).toEqual([8]);
    expect(warned).toHaveBeenCalledOnce();
    expect(String(warned.mock.calls[0]?.[0])).toBe('RangeError: counter "c" with unit "By" takes finite numbers from 0 up, got -1');
  });
});

describe("a settable gauge", () => {
  it("shows nothing until it is set, and 0 is a value", () => {
    const gauge = metrics.settableGauge("g");
    expect([gauge.value, readings("g"), metrics.prometheus()]).toEqual([undefined, [], ""]);
    gauge.set(0);
    expect([gauge.value, readings("g")]).toEqual([0, [0]]);
  });

  it("moves up and down from 0", () => {
    const gauge = metrics.settableGauge("g");
    gauge.add(3);
    gauge.add(-5);
    expect(gauge.value).toBe(-2);
  });

  it("may be set to NaN or Infinity, but adds neither, and takes no text", () => {
    silenced();
    const gauge = metrics.settableGauge("g");
    gauge.set(Infinity);
    expect(gauge.value).toBe(Infinity);
    gauge.set(1);
    for (const amount of [NaN, Infinity, "1"]) gauge.add(amount as number);
    gauge.set("7" as unknown as number);
    expect(gauge.value).toBe(1);
    expect(readings("breakwater.metrics.rejected_values")).toEqual([4]);
  });
});

describe("a gauge read by callback", () => {
  it("is read when somebody looks, and gone when it is stopped", () => {
    const read = vi.fn(() => 7);
    const stop = metrics.gauge("g", read);
    expect(read).not.toHaveBeenCalled();
    expect(readings("g")).toEqual([7]);
    stop();
    stop();
    expect(readings("g")).toEqual([]);
    expect(metrics.prometheus()).toBe("");
  });

  it("adds up the readers of one series, and keeps those that were not stopped", () => {
    const stop = metrics.gauge("g", () => 2);
    metrics.gauge("g", () => 3);
    expect(readings("g")).toEqual([5]);
    stop();
    stop();
    expect(readings("g")).toEqual([3]);
  });

  it("is NaN when its reader throws, which is a warning once and harms no other series", () => {
    const warned = silenced();
    const failure = new Error("gone");
    metrics.gauge("g", () => { throw failure; });
    metrics.gauge("g", () => "1" as unknown as number, { attributes: { a: 1 } });
    metrics.gauge("g", () => 1, { attributes: { a: 2 } });
    expect(readings("g")).toEqual([NaN, NaN, 1]);
    metrics.prometheus();
    expect(warned).toHaveBeenCalledOnce();
    expect(warned).toHaveBeenCalledWith(failure);
  });

  it("frees the place of a stopped series under the limit", () => {
    const small = new Metrics({ maxSeries: 1 });
    small.gauge("g", () => 1, { attributes: { n: 1 } })();
    small.gauge("g", () => 2, { attributes: { n: 2 } });
    expect(small.snapshot().metrics[0]?.series).toEqual([{ attributes: { n: "2" }, reading: 2 }]);
  });

  it("takes only a function", () => {
    expect(() => metrics.gauge("g", 5 as unknown as () => number)).toThrow("read must be a function, got number");
  });
});

describe("identity", () => {
  it("gives the same instrument for the same name and attributes in any order", () => {
    const first = metrics.counter("c", { unit: "s", attributes: { a: 1, b: "x" } });
    expect(metrics.counter("c", { unit: "s", attributes: { b: "x", a: 1 } })).toBe(first);
    expect(metrics.counter("c", { unit: "s", attributes: { a: 2, b: "x" } })).not.toBe(first);
    expect(metrics.histogram("h")).toBe(metrics.histogram("h"));
    expect(metrics.settableGauge("g")).toBe(metrics.settableGauge("g"));
  });

  it("takes an empty value for an absent attribute, and a number for its text", () => {
    const first = metrics.counter("c", { attributes: { code: 200 } });
    expect(metrics.counter("c", { attributes: { code: "200", route: "" } })).toBe(first);
    expect(metrics.counter("c", { attributes: { route: "" } })).toBe(metrics.counter("c"));
  });

  it("does not confuse values that contain the characters that part labels", () => {
    const values = ['x",b="y', 'x\\",b=\\"y', "x\\", "x\n", "x\\n", "x"];
    const counters = values.map((a) => metrics.counter("c", { attributes: { a } }));
    expect(new Set([...counters, metrics.counter("c", { attributes: { a: "x", b: "y" } })]).size).toBe(7);
  });

  it("is not changed by what the caller does to its attributes later", () => {
    const attributes: Record<string, string> = { a: "1" };
    metrics.counter("c", { attributes }).add(1);
    attributes.a = "2";
    expect(metrics.snapshot().metrics[0]?.series[0]?.attributes).toEqual({ a: "1" });
  });

  it("keeps __proto__, constructor and the like as ordinary keys", () => {
    const attributes = JSON.parse('{"__proto__":"p","constructor":"c"}') as Record<string, string>; // an own key
    const counter = metrics.counter("c", { attributes });
    counter.add(1);
    expect(metrics.counter("c")).not.toBe(counter);
    expect(metrics.prometheus()).toContain('c_total{__proto__="p",constructor="c"} 1\n');
    expect(JSON.stringify(metrics.snapshot())).toContain('{"__proto__":"p","constructor":"c"}');
    expect(metrics.counter("constructor").value).toBe(0);
  });

  it.each<[string, (m: Metrics) => unknown, (m: Metrics) => unknown, string]>([
    ["kind", (m) => m.counter("x"), (m) => m.histogram("x", { buckets: [1] }), 'histogram "x" with no unit and buckets [1] conflicts with counter "x" with no unit'],
    ["unit", (m) => m.counter("x", { unit: "s" }), (m) => m.counter("x", { unit: "By" }), 'counter "x" with unit "By" conflicts with counter "x" with unit "s"'],
    ["way of reading", (m) => m.settableGauge("x"), (m) => m.gauge("x", () => 1), 'observed gauge "x" with no unit conflicts with gauge "x" with no unit'],
    ["buckets", (m) => m.histogram("x", { buckets: [1] }), (m) => m.histogram("x", { buckets: [1, 2] }), 'histogram "x" with no unit and buckets [1, 2] conflicts with histogram "x" with no unit and buckets [1]'],
    ["name that is the same in Prometheus", (m) => m.counter("x.y"), (m) => m.counter("x_y"), 'counter "x_y" with no unit conflicts with counter "x.y" with no unit'],
    ["list of states", (m) => m.stateSet("x", ["a", "b"]), (m) => m.stateSet("x", ["b", "a"]), 'state set "x" with no unit and states ["b","a"] conflicts with state set "x" with no unit and states ["a","b"]'],
    ["direction", (m) => m.counter("x"), (m) => m.upDownCounter("x"), 'up-down counter "x" with no unit conflicts with counter "x" with no unit'],
    ["name that an info's group has in OpenMetrics", (m) => m.info("build.info", { v: 1 }), (m) => m.settableGauge("build"), 'gauge "build" with no unit conflicts with info "build.info" with no unit'],
    ["name that a counter's group has in OpenMetrics", (m) => m.counter("x.total"), (m) => m.settableGauge("x"), 'gauge "x" with no unit conflicts with counter "x.total" with no unit'],
    ["name that OpenMetrics reserves", (m) => m.counter("x"), (m) => m.settableGauge("x.created"), 'gauge "x.created" with no unit conflicts with counter "x" with no unit'],
    ["name that a histogram's samples have", (m) => m.histogram("x", { buckets: [1] }), (m) => m.settableGauge("x.count"), 'gauge "x.count" with no unit conflicts with histogram "x" with no unit and buckets [1]'],
  ])("refuses a different %s, naming both definitions", (_, first, second, message) => {
    first(metrics);
    expect(() => second(metrics)).toThrow(InstrumentConflictError);
    expect(() => second(metrics)).toThrow(expect.objectContaining({ code: "ERR_INSTRUMENT_CONFLICT", message }));
    expect(() => first(metrics)).not.toThrow();
  });

  it("refuses an attribute that would be the name of the metric, because one of those fails a whole scrape", () => {
    expect(() => metrics.counter("c", { attributes: { __name__: "d" } })).toThrow(RangeError);
    expect(() => metrics.counter("c", { attributes: { "..name..": "d" } })).toThrow(
      'attributes: "..name.." is the label "__name__", which is the name of the metric itself',
    );
    expect(metrics.counter("c", { attributes: { __name__: "" } })).toBe(metrics.counter("c")); // an empty one is as good as absent
  });

  it.each<[string, (m: Metrics, attributes: never) => unknown]>([
    ["counter", (m, attributes) => m.counter("x", { attributes })],
    ["up-down counter", (m, attributes) => m.upDownCounter("x", { attributes })],
    ["histogram", (m, attributes) => m.histogram("x", { attributes })],
    ["gauge", (m, attributes) => m.settableGauge("x", { attributes })],
    ["observed gauge", (m, attributes) => m.gauge("x", () => 1, { attributes })],
    ["info", (m, attributes) => m.info("x", attributes)],
    ["state set", (m, attributes) => m.stateSet("x", ["a"], { attributes })],
  ])("leaves the name free when the attributes of a %s are refused", (_, make) => {
    expect(() => make(metrics, { a: {} } as never)).toThrow(TypeError);
    expect(metrics.cardinality().map(({ name }) => name)).not.toContain("x");
    expect(() => metrics.counter("x", { unit: "By" })).not.toThrow();
  });

  it("leaves the name free when an attribute is one that the exposition adds", () => {
    expect(() => metrics.histogram("x", { attributes: { le: "1" } })).toThrow('"le" is the label of a histogram\'s buckets');
    expect(() => metrics.counter("x")).not.toThrow();
  });

  it("takes the buckets that the name has when none are given", () => {
    const first = metrics.histogram("h", { buckets: [1, 2] });
    expect(metrics.histogram("h")).toBe(first);
    expect(metrics.histogram("h", { buckets: [1, 2] })).toBe(first);
  });

  it.each<[string, () => unknown, string]>([
    ["a name that starts with a digit", () => metrics.counter("1x"), 'name must be 1 to 255 letters, digits, "_", ".", "-" or "/", the first a letter, got "1x"'],
    ["an empty name", () => metrics.counter(""), 'got ""'],
    ["a name with a newline", () => metrics.counter("x\ny 1"), "name must be"],
    ["a name that is no text", () => metrics.counter(5 as unknown as string), "name must be a string, got number"],
    ["a unit that is no text", () => metrics.counter("c", { unit: 5 as unknown as string }), "unit must be a string"],
    ["an attribute that is an object", () => metrics.counter("c", { attributes: { a: {} as string } }), 'attributes["a"] must be text, number or boolean, got object'],
    ["an attribute without a key", () => metrics.counter("c", { attributes: { "": 1 } }), "a key must not be empty"],
    ["a huge attribute", () => metrics.counter("c", { attributes: { a: "x".repeat(1025) } }), 'attributes["a"] must have at most 1024 characters, got 1025'],
    ["two attributes that are one label", () => metrics.counter("c", { attributes: { "a.b": 1, a_b: 2 } }), 'two keys are the label "a_b"'],
    ["a histogram's attribute le", () => metrics.histogram("h", { attributes: { le: 1 } }), '"le" is the label of a histogram\'s buckets'],
    ["buckets that do not increase", () => metrics.histogram("h", { buckets: [1, 1] }), "buckets must increase, got 1 before 1"],
    ["an infinite bucket", () => metrics.histogram("h", { buckets: [Infinity] }), "buckets[0] must be a number from"],
    ["a state set's own name as an attribute", () => metrics.stateSet("door", ["open"], { attributes: { door: 1 } }), '"door" is the label of a state set\'s states'],
    ["a unit on a state set", () => metrics.stateSet("s", ["a"], { unit: "s" } as object), 'unit must not be given for a state set, got "s"'],
    ["a unit on an info", () => metrics.info("i", {}, { unit: "s" } as object), 'unit must not be given for an info'],
    ["no states", () => metrics.stateSet("s", []), "states must be 1 to 100, got 0"],
    ["an empty state", () => metrics.stateSet("s", ["a", ""]), "states[1] must have 1 to 1024 characters, got 0"],
    ["a state that is no text", () => metrics.stateSet("s", [1 as unknown as string]), "states[0] must be a string, got number"],
    ["one state twice", () => metrics.stateSet("s", ["a", "a"]), 'states must all differ, got ["a","a"]'],
    ["states that are no list", () => metrics.stateSet("s", "ab" as unknown as string[]), "states must be an array, got string"],
    ["buckets that are no list", () => metrics.histogram("h", { buckets: 5 as unknown as number[] }), "buckets must be an array, got number"],
  ])("refuses %s", (_, make, message) => {
    expect(make).toThrow(message);
  });
});

describe("the limit of series", () => {
  it("is 2000 per instrument; what comes after shares an overflow series, is counted, and is a warning once", () => {
    const warned = silenced();
    for (let n = 0; n < 2005; n++) metrics.counter("c", { attributes: { n } }).add(1);
    const counter = metrics.counter("other", { attributes: { n: 1 } });
    counter.add(1);
    expect(readings("c")).toHaveLength(2001);
    expect(metrics.prometheus()).toContain('c_total{otel_metric_overflow="true"} 5\n');
    expect(metrics.prometheus()).toContain('breakwater_metrics_overflows_total{instrument="c"} 5\n');
    expect(metrics.counter("c", { attributes: { n: 7 } }).value).toBe(1);
    expect(warned).toHaveBeenCalledOnce();
    expect(String(warned.mock.calls[0]?.[0])).toBe(
      'RangeError: counter "c" with no unit has its maximum of series; new ones go to otel.metric.overflow; "n" has 2000 values',
    );
  });

  it("holds for histograms and gauges, whose readers add up in the overflow series", () => {
    silenced();
    const small = new Metrics({ maxSeries: 1 });
    const stops = [1, 2, 3].map((n) => small.gauge("g", () => n, { attributes: { n } }));
    const overflown = [1, 2, 3].map((n) => small.histogram("h", { attributes: { n } }));
    expect(readings("g", small.snapshot())).toEqual([1, 5]);
    expect(overflown[1]).toBe(overflown[2]);
    stops[1]?.();
    stops[2]?.();
    expect(readings("g", small.snapshot())).toEqual([1]);
  });

  it("gives somebody who asks for the overflow series by name that very series", () => {
    silenced();
    const small = new Metrics({ maxSeries: 1 });
    const asked = small.counter("c", { attributes: { "otel.metric.overflow": true } });
    small.counter("c", { attributes: { n: 1 } });
    expect(small.counter("c", { attributes: { n: 2 } })).toBe(asked);
  });
});
