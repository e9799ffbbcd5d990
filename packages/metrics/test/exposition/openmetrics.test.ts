import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { contentTypeOf, Metrics, renderText, type Registry } from "@breakwater/metrics";
import { ManualClock } from "@breakwater/core/testing";
import { checkFamily, parseOpenMetrics, parsePrometheus } from "./parser.ts";

let metrics: Metrics;
beforeEach(() => void (metrics = new Metrics({ clock: new ManualClock(), wallClock: () => 1_700_000_000_123 })));

const open = (): string => renderText(metrics, "openmetrics");

/** One of each kind, with everything that a format treats specially. */
function fill(): void {
  metrics.counter("http.requests", { description: "Requests.", attributes: { method: "GET", code: 200 } }).add(3);
  metrics.counter("cpu.time", { unit: "s", description: 'Says "busy".' }).add(0.5);
  metrics.settableGauge("queue.size").set(-1.5);
  metrics.upDownCounter("jobs.active", { unit: "{job}", description: "Jobs." }).add(2);
  metrics.gauge("memory.use", () => 1, { unit: "1", description: "Part in use." });
  metrics.info("build", { version: "1.2.3" }, { description: "What runs." });
  metrics.stateSet("circuit", ["open", "shut"], { description: "Where it stands.", attributes: { name: "db" } }).set("open");
  const wait = metrics.histogram("wait", { unit: "s", description: "Waiting.", buckets: [0.00001, 0.5, 1, 1e6], attributes: { name: "db" } });
  for (const value of [0.25, 0.5, 4]) wait.record(value);
}

describe("OpenMetrics text", () => {
  it("is EOF alone without series", () => {
    expect(open()).toBe("# EOF\n");
    expect(contentTypeOf("openmetrics")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  });

  it("reads as its specification documents it", () => {
    fill();
    expect(open()).toBe(`\
# TYPE build info
# HELP build What runs.
build_info{version="1.2.3"} 1
# TYPE circuit stateset
# HELP circuit Where it stands.
circuit{name="db",circuit="open"} 1
circuit{name="db",circuit="shut"} 0
# TYPE cpu_time_seconds counter
# UNIT cpu_time_seconds seconds
# HELP cpu_time_seconds Says \\"busy\\".
cpu_time_seconds_total 0.5
# TYPE http_requests counter
# HELP http_requests Requests.
http_requests_total{code="200",method="GET"} 3
# TYPE jobs_active gauge
# HELP jobs_active Jobs.
jobs_active 2
# TYPE memory_use_ratio gauge
# UNIT memory_use_ratio ratio
# HELP memory_use_ratio Part in use.
memory_use_ratio 1
# TYPE queue_size gauge
# HELP queue_size queue.size
queue_size -1.5
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
# HELP wait_seconds Waiting.
wait_seconds_bucket{name="db",le="1e-05"} 0
wait_seconds_bucket{name="db",le="0.5"} 2
wait_seconds_bucket{name="db",le="1.0"} 2
wait_seconds_bucket{name="db",le="1e+06"} 3
wait_seconds_bucket{name="db",le="+Inf"} 3
wait_seconds_sum{name="db"} 4.75
wait_seconds_count{name="db"} 3
# EOF
`);
    parseOpenMetrics(open()).forEach(checkFamily);
  });

  it("has in text 0.0.4 gauges for infos and state sets, the counter's suffix in the metadata, and bounds as JavaScript writes them", () => {
    fill();
    const text = renderText(metrics);
    expect(text).toBe(metrics.prometheus());
    parsePrometheus(text).forEach(checkFamily);
    for (const line of [
      "# TYPE build_info gauge",
      'build_info{version="1.2.3"} 1',
      "# TYPE circuit gauge",
      'circuit{name="db",circuit="shut"} 0',
      "# TYPE jobs_active gauge",
      '# HELP cpu_time_seconds_total Says "busy".',
      "# TYPE cpu_time_seconds_total counter",
      'wait_seconds_bucket{name="db",le="0.00001"} 0',
      'wait_seconds_bucket{name="db",le="1"} 2',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    expect(text).not.toMatch(/UNIT|EOF/);
  });

  it("names a counter's family without _total even when the instrument is called so, and leaves the instrument as it is", () => {
    metrics.counter("a.total").add(1);
    const before = metrics.prometheus();
    expect(open()).toBe("# TYPE a counter\n# HELP a a.total\na_total 1\n# EOF\n");
    expect(metrics.prometheus()).toBe(before);
    expect(open()).toBe(open());
  });

  it("gives a unit only where it is the name's suffix", () => {
    metrics.settableGauge("bytes", { unit: "By" }).set(1);
    metrics.settableGauge("free", { unit: "By" }).set(1);
    metrics.counter("calls", { unit: "{call}" }).add(1);
    const units = [...parseOpenMetrics(open())].map(([name, { unit }]) => [name, unit]);
    expect(units).toEqual([["bytes", ""], ["calls", ""], ["free_bytes", "bytes"]]);
  });

  it("escapes backslash, newline and quote in help and in label values", () => {
    metrics.counter("c", { description: 'a\\b\n"c"', attributes: { "1.é": 'x\\y"z\n' } }).add(1);
    expect(open()).toBe('# TYPE c counter\n# HELP c a\\\\b\\n\\"c\\"\nc_total{_1__="x\\\\y\\"z\\n"} 1\n# EOF\n');
  });

  it("keeps apart in OpenMetrics what is apart in text: a counter's family and a gauge of that name cannot both be", () => {
    metrics.counter("a", { unit: "s" }).add(1);
    expect(() => metrics.settableGauge("a.seconds")).toThrow(expect.objectContaining({ code: "ERR_INSTRUMENT_CONFLICT" }));
  });

  it("writes NaN and infinities of gauges, and leaves out a series without a value together with its metadata", () => {
    metrics.settableGauge("g", { attributes: { n: 1 } }).set(NaN);
    metrics.settableGauge("g", { attributes: { n: 2 } }).set(-Infinity);
    metrics.settableGauge("unset");
    expect(open()).toBe('# TYPE g gauge\n# HELP g g\ng{n="1"} NaN\ng{n="2"} -Inf\n# EOF\n');
  });

  it("has one bound of zero, whatever its sign", () => {
    metrics.histogram("b", { buckets: [-0, 1] }).record(0);
    expect(metrics.histogram("b", { buckets: [0, 1] })).toBe(metrics.histogram("b"));
    expect(renderText(metrics, "openmetrics")).toContain('b_bucket{le="0.0"} 1\n');
  });

  it("writes no _created lines", () => {
    fill();
    expect(open()).not.toContain("_created");
  });
});

describe("exemplars", () => {
  it("stand behind the bucket that their sample is in and behind counters, with seconds, in OpenMetrics only", () => {
    metrics.counter("requests").add(2, { trace_id: "a1" });
    const wait = metrics.histogram("wait", { buckets: [0.5, 1] });
    wait.record(0.75, { trace_id: "b2", span_id: 'x"y' });
    wait.record(0.1);
    expect(open()).toContain('requests_total 2 # {trace_id="a1"} 2 1700000000.123\n');
    expect(open()).toContain(`\
wait_bucket{le="0.5"} 1
wait_bucket{le="1.0"} 2 # {span_id="x\\"y",trace_id="b2"} 0.75 1700000000.123
wait_bucket{le="+Inf"} 2
wait_sum 0.85
wait_count 2
`);
    parseOpenMetrics(open());
    expect(metrics.prometheus()).not.toContain("# {");
  });

  it.each([
    ["128 code points", "\u{1F600}".repeat(119), true],
    ["129 code points", "\u{1F600}".repeat(120), false],
    ["128 with escapes", '\\"\n'.repeat(39) + "ab", true],
    ["129 with escapes", '\\"\n'.repeat(40), false],
  ])("of %s are allowed or left out, counted as characters and unescaped", (_, value, isAllowed) => {
    // A registry of another make need not have counted them.
    const reading = { value: 1, exemplar: { value: 1, labels: { trace_id_: value }, atMs: 1500 } };
    const definition = { kind: "counter", name: "c", unit: "", description: "C.", bounds: undefined } as const;
    const family = { definition, exposedName: "c_total", series: () => [{ labels: { text: "" }, instrument: reading }] };
    const registry: Registry = { collection: () => ({ scalars: [family], histograms: [], infos: [], stateSets: [] }) };
    expect(renderText(registry, "openmetrics").includes("# {")).toBe(isAllowed);
    parseOpenMetrics(renderText(registry, "openmetrics"));
  });

  it("are left out when their labels cannot be written, and the sample stays", () => {
    const reading = { value: 1, exemplar: { value: 1, labels: { "a.b": "1", a_b: "2" }, atMs: NaN } };
    const definition = { kind: "counter", name: "c", unit: "", description: "C.", bounds: undefined } as const;
    const family = { definition, exposedName: "c_total", series: () => [{ labels: { text: "" }, instrument: reading }] };
    const registry: Registry = { collection: () => ({ scalars: [family], histograms: [], infos: [], stateSets: [] }) };
    expect(renderText(registry, "openmetrics")).toContain("c_total 1\n");
  });
});

describe("both formats", () => {
  it("can be parsed back and say the same, whatever the names, labels and kinds", () => {
    const key = fc.oneof(fc.string({ minLength: 1, maxLength: 4, unit: "binary" }), fc.constantFrom("__proto__", "a.b", "a_b", "le", "quantile"));
    const text = fc.string({ maxLength: 6, unit: "binary" });
    const attributes = fc.array(fc.tuple(key, text), { maxLength: 3 }).map((entries): Record<string, string> => Object.fromEntries(entries));
    const operation = fc.record({
      kind: fc.constantFrom("counter", "gauge", "up-down", "histogram", "info", "states"),
      name: fc.stringMatching(/^[a-c][._/-]?[a-c]?(\.total|\.count|\.info|\.created)?$/),
      unit: fc.constantFrom("", "s", "By", "1", "{x}"),
      description: fc.string({ maxLength: 8, unit: "binary" }).map((words) => words.replace(/\p{Surrogate}/gu, "")),
      attributes,
      value: fc.double({ min: 0, max: 20, noNaN: true }),
      exemplar: fc.option(fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), text, { minKeys: 1, maxKeys: 2 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
        const own = new Metrics({ clock: new ManualClock(), maxSeries: 1000 });
        for (const { kind, name, value, unit, exemplar, ...options } of operations) {
          try {
            if (kind === "counter") own.counter(name, { ...options, unit }).add(value, exemplar);
            else if (kind === "gauge") own.settableGauge(name, { ...options, unit }).set(value);
            else if (kind === "up-down") own.upDownCounter(name, { ...options, unit }).add(-value);
            else if (kind === "histogram") own.histogram(name, { ...options, unit }).record(value, exemplar);
            else if (kind === "info") own.info(name, options.attributes, { description: options.description });
            else own.stateSet(name, ["on", 'o"ff'], options).set("on");
          } catch (error) {
            if (!(error instanceof RangeError) && !(error instanceof Error && error.name === "InstrumentConflictError")) throw error;
          }
        }
        const plain = [...parsePrometheus(own.prometheus()).values()];
        const canonical = [...parseOpenMetrics(renderText(own, "openmetrics")).values()];
        plain.forEach(checkFamily);
        canonical.forEach(checkFamily);
        const valuesOf = (families: typeof plain): unknown[] =>
          families.flatMap(({ samples }) => samples.map(({ name, value, labels }) => [name, value, [...labels].filter(([label]) => label !== "le")]));
        expect(valuesOf(canonical)).toEqual(valuesOf(plain));
        expect(canonical.map(({ help }) => help)).toEqual(plain.map(({ help }) => help));
        expect(renderText(own.snapshot(), "openmetrics")).toBe(renderText(own, "openmetrics"));
        expect(renderText(own.snapshot())).toBe(own.prometheus());
      }),
      { numRuns: 100 },
    );
  }, 30_000);
});
