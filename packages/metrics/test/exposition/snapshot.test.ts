import { ManualClock } from "@breakwater/core/testing";
import { mergeSnapshots, Metrics, renderText, type Snapshot } from "@breakwater/metrics";
import { describe, expect, it } from "vitest";
import { checkFamily, parseOpenMetrics, parsePrometheus } from "./parser.ts";

function worker(n: number): Metrics {
  const metrics = new Metrics({ clock: new ManualClock() });
  metrics.counter("requests", { attributes: { path: 'a"b' } }).add(n);
  metrics.upDownCounter("jobs").add(n);
  const wait = metrics.histogram("wait", { unit: "s", buckets: [0.5, 1e6], attributes: { path: "/a" } });
  for (let i = 0; i < n; i++) wait.record(i);
  metrics.info("build", { version: "1" });
  metrics.stateSet("circuit", ["open", "shut"]).set("open");
  return metrics;
}

describe("the text of a snapshot", () => {
  it("is the text of the registry at that moment, whatever is recorded later", () => {
    const metrics = worker(3);
    const texts = [metrics.prometheus(), renderText(metrics, "openmetrics")];
    const snapshot = metrics.snapshot();
    metrics.counter("requests", { attributes: { path: 'a"b' } }).add(1);
    metrics.histogram("wait", { unit: "s", attributes: { path: "/a" } }).record(1);
    expect([renderText(snapshot), renderText(snapshot, "openmetrics")]).toEqual(texts);
  });

  it("has exemplars, also after JSON", () => {
    const metrics = new Metrics({ clock: new ManualClock(), wallClock: () => 1500 });
    metrics.counter("c").add(1, { trace_id: "a" });
    metrics.histogram("h", { buckets: [1] }).record(2, { trace_id: "b" });
    const text = renderText(metrics, "openmetrics");
    expect(text).toContain('c_total 1 # {trace_id="a"} 1 1.5\n');
    expect(text).toContain('h_bucket{le="+Inf"} 1 # {trace_id="b"} 2 1.5\n');
    expect(renderText(JSON.parse(JSON.stringify(metrics.snapshot())) as Snapshot, "openmetrics")).toBe(text);
  });

  it("has NaN where JSON had to write null", () => {
    const metrics = new Metrics({ clock: new ManualClock() });
    metrics.settableGauge("g").set(NaN);
    const snapshot = JSON.parse(JSON.stringify(metrics.snapshot())) as Snapshot; // what a worker sent
    expect(renderText(snapshot)).toContain("g NaN\n");
  });

  it("of several processes has one series for all, with counts and buckets added up", () => {
    const merged = mergeSnapshots([worker(3).snapshot(), worker(4).snapshot()]);
    const text = renderText(merged, "openmetrics");
    parseOpenMetrics(text).forEach(checkFamily);
    parsePrometheus(renderText(merged)).forEach(checkFamily);
    for (const line of [
      'requests_total{path="a\\"b"} 7',
      "jobs 7",
      'build_info{version="1"} 1',
      'circuit{circuit="open"} 1',
      'wait_seconds_bucket{path="/a",le="0.5"} 2',
      'wait_seconds_bucket{path="/a",le="1e+06"} 7',
      'wait_seconds_sum{path="/a"} 9',
      'wait_seconds_count{path="/a"} 7',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
  });
});
