import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { contentType, Metrics } from "@breakwater/metrics";
import { ManualClock } from "@breakwater/core/testing";
import { checkFamily, parsePrometheus } from "./parser.ts";

let metrics: Metrics;
beforeEach(() => void (metrics = new Metrics({ clock: new ManualClock() })));
afterEach(() => void vi.restoreAllMocks());

/** What `promtool check metrics` complains of, as far as names and help are concerned. */
function lint(families: ReturnType<typeof parsePrometheus>): string[] {
  const complaints: string[] = [];
  for (const [name, { type, help }] of families) {
    if (help === "") complaints.push(`${name} no help text`);
    if (type === "counter" && !name.endsWith("_total")) complaints.push(`${name} counter without _total`);
    if (type !== "counter" && name.endsWith("_total")) complaints.push(`${name} _total on a ${type}`);
    if (type !== "histogram" && /_(count|sum|bucket)$/.test(name)) complaints.push(`${name} has a histogram's suffix`);
    if (name.includes(type)) complaints.push(`${name} includes its type`);
    if (/[a-z][A-Z]/.test(name)) complaints.push(`${name} is in camelCase`);
    if (/(^|_)(s|ms|us|ns|sec|b|kb|mb|gb|m|h|d)(_|$)/.test(name)) complaints.push(`${name} abbreviates a unit`);
    if (/milliseconds|microseconds|nanoseconds|minutes|hours|days|kilobytes|megabytes/.test(name)) complaints.push(`${name} has no base unit`);
  }
  return complaints;
}

describe("Prometheus text", () => {
  it("is empty without series, and names its content type", () => {
    expect(metrics.prometheus()).toBe("");
    expect(contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  });

  it("reads as Prometheus documents it", () => {
    metrics.counter("http.requests", { description: "Requests.", attributes: { method: "GET", code: 200 } }).add(3);
    metrics.settableGauge("queue.size").set(-1.5);
    const histogram = metrics.histogram("wait", { unit: "s", description: "Waiting.", buckets: [0.5, 1], attributes: { name: "db" } });
    for (const value of [0.25, 0.5, 4]) histogram.record(value);
    expect(metrics.prometheus()).toBe(`\
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{code="200",method="GET"} 3
# HELP queue_size queue.size
# TYPE queue_size gauge
queue_size -1.5
# HELP wait_seconds Waiting.
# TYPE wait_seconds histogram
wait_seconds_bucket{name="db",le="0.5"} 2
wait_seconds_bucket{name="db",le="1"} 2
wait_seconds_bucket{name="db",le="+Inf"} 3
wait_seconds_sum{name="db"} 4.75
wait_seconds_count{name="db"} 3
`);
  });

  it.each([
    ["counter", "a.b", "", "a_b_total"],
    ["counter", "a.total", "", "a_total"],
    ["counter", "a.wait", "s", "a_wait_seconds_total"],
    ["counter", "a", "1", "a_total"],
    ["counter", "bytes", "By", "bytes_total"],
    ["gauge", "a", "By", "a_bytes"],
    ["gauge", "a.seconds", "s", "a_seconds"],
    ["gauge", "a", "1", "a_ratio"],
    ["gauge", "a", "{call}", "a"],
    ["gauge", "a", "By/s", "a_bytes_per_second"],
    ["gauge", "a/b-c..d", "{call}/s", "a_b_c_d_per_second"],
    ["gauge", "a", "widget", "a_widget"],
  ] as const)("names the %s %s in %s as %s", (kind, name, unit, expected) => {
    if (kind === "counter") metrics.counter(name, { unit }).add(1);
    else metrics.settableGauge(name, { unit }).set(1);
    expect([...parsePrometheus(metrics.prometheus()).keys()]).toEqual([expected]);
  });

  it("counts a value that equals a bound in that bound's bucket", () => {
    const histogram = metrics.histogram("h");
    for (const bound of [0.005, 0.1, 1, 10]) histogram.record(bound);
    for (const above of [0.1 + Number.EPSILON, 10.000001]) histogram.record(above);
    const text = metrics.prometheus();
    for (const [le, count] of [["0.005", 1], ["0.075", 1], ["0.1", 2], ["0.25", 3], ["1", 4], ["10", 5], ["+Inf", 6]] as const) {
      expect(text).toContain(`h_bucket{le="${le}"} ${count}\n`);
    }
  });

  it("escapes backslash, quote and newline in label values, and backslash and newline in help", () => {
    metrics.counter("c", { description: 'a\\b\n"c"', attributes: { "1.é": 'x\\y"z\n' } }).add(1);
    expect(metrics.prometheus()).toBe('# HELP c_total a\\\\b\\n"c"\n# TYPE c_total counter\nc_total{_1__="x\\\\y\\"z\\n"} 1\n');
  });

  it("writes infinities and NaN as Go reads them", () => {
    for (const value of [Infinity, -Infinity, NaN, 1e21, 1e-7]) metrics.settableGauge("g", { attributes: { value } }).set(value);
    expect(metrics.prometheus().match(/ \S+$/gm)?.slice(-5)).toEqual([" +Inf", " -Inf", " NaN", " 1e+21", " 1e-7"]);
  });

  it("makes one label of what UTF-8 cannot tell apart", () => {
    const first = metrics.counter("c", { attributes: { a: "\ud800" } });
    expect(metrics.counter("c", { attributes: { a: "\udfff" } })).toBe(first);
    first.add(1);
    expect(metrics.prometheus()).toContain('c_total{a="\u{FFFD}"} 1\n');
  });

  it("does not change anything by being rendered", () => {
    metrics.counter("c.total").add(1);
    metrics.histogram("h").record(1);
    expect(metrics.prometheus()).toBe(metrics.prometheus());
  });

  it("passes promtool's rules, the registry's own metrics and a missing description included", () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const small = new Metrics({ maxSeries: 1 });
    for (const n of [1, 2]) small.counter("breakwater.limiter.rejected", { unit: "{call}", attributes: { n } }).add(n);
    small.counter("bad").add(-1);
    small.histogram("breakwater.pool.wait", { unit: "s" }).record(1);
    small.gauge("breakwater.pool.in_use", () => 1, { unit: "{resource}" });
    const families = parsePrometheus(small.prometheus());
    expect([...families.keys()]).toEqual([
      "bad_total",
      "breakwater_limiter_rejected_total",
      "breakwater_metrics_overflows_total",
      "breakwater_metrics_rejected_values_total",
      "breakwater_pool_in_use",
      "breakwater_pool_wait_seconds",
    ]);
    expect(lint(families)).toEqual([]);
  });

  it("can be parsed back, whatever the names and labels: groups, cumulative buckets, +Inf = count, unique series", () => {
    const key = fc.oneof(fc.string({ minLength: 1, maxLength: 4, unit: "binary" }), fc.constantFrom("__proto__", "a.b", "a_b", "le", "quantile"));
    const attributes = fc.array(fc.tuple(key, fc.string({ maxLength: 6, unit: "binary" })), { maxLength: 3 }).map((entries): Record<string, string> => Object.fromEntries(entries));
    const operation = fc.record({
      kind: fc.constantFrom("counter", "gauge", "histogram"),
      name: fc.stringMatching(/^[a-c][._/-]?[a-c]?(\.total|\.count)?$/),
      unit: fc.constantFrom("", "s", "By", "1", "{x}"),
      description: fc.string({ maxLength: 8 }),
      attributes,
      value: fc.double({ min: 0, max: 20, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), (operations) => {
        const own = new Metrics({ clock: new ManualClock(), maxSeries: 1000 });
        const totals = new Map<string, number>();
        for (const { kind, name, value, ...options } of operations) {
          try {
            if (kind === "counter") own.counter(name, options).add(value);
            else if (kind === "gauge") own.settableGauge(name, options).set(value);
            else own.histogram(name, options).record(value);
            totals.set(kind, (totals.get(kind) ?? 0) + (kind === "histogram" ? 1 : value));
          } catch (error) {
            if (!(error instanceof RangeError) && !(error instanceof Error && error.name === "InstrumentConflictError")) throw error;
          }
        }
        const families = [...parsePrometheus(own.prometheus()).values()];
        families.forEach(checkFamily);
        const sumOf = (type: string, suffix: string): number =>
          families.filter((family) => family.type === type).flatMap(({ samples }) => samples).filter(({ name }) => name.endsWith(suffix)).reduce((sum, { value }) => sum + value, 0);
        expect(sumOf("histogram", "_count")).toBe(totals.get("histogram") ?? 0);
        expect(sumOf("counter", "_total")).toBeCloseTo(totals.get("counter") ?? 0, 9);
      }),
      { numRuns: 100 },
    );
  }, 30_000);
});
