import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { createGzip } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { contentTypeOf, expose, Metrics, negotiate, type Format } from "@breakwater/metrics";
import { missing, withReason } from "../real-tools.ts";
import { promtoolComplaints, RealPrometheus } from "./prometheus-tools.ts";

/** One of each kind. */
function everyKind(): Metrics {
  const metrics = new Metrics();
  metrics.info("build", { version: "1.2.3" }, { description: "What runs." });
  metrics.stateSet("circuit", ["open", "shut"], { attributes: { name: "db" } }).set("open");
  metrics.upDownCounter("jobs.active", { unit: "{job}" }).add(2);
  metrics.settableGauge("queue.size").set(7);
  metrics.gauge("memory.use", () => 0.5, { unit: "1" });
  return metrics;
}

describe.skipIf(missing !== undefined)(withReason("promtool check metrics"), () => {
  it("finds nothing to say about a registry with every kind of instrument", () => {
    const metrics = everyKind();
    metrics.counter("requests", { description: 'A "help"\nwith\\everything.', attributes: { path: 'a"b\\c\nd', é: "\u{1F600}" } }).add(1);
    metrics.histogram("wait", { unit: "s", attributes: { name: "db" } }).record(0.2);
    metrics.histogram("size", { unit: "By", buckets: [1e-7, 1, 1e6, 1e22] }).record(5);
    metrics.settableGauge("odd", { attributes: { n: 1 } }).set(NaN);
    metrics.settableGauge("odd", { attributes: { n: 2 } }).set(-Infinity);
    expect(promtoolComplaints(metrics.prometheus())).toBe("");
  });

  it("would say so of a bad one", () => {
    expect(promtoolComplaints("# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n")).toContain('should not have "_total" suffix');
    expect(promtoolComplaints('a{b="c} 1\n')).not.toBe("");
  });
});

/** Of an info, two states, three gauges, a counter, and a histogram with 15 buckets, sum and count. */
const samples = 1 + 2 + 3 + 1 + 17;

describe.skipIf(missing !== undefined)(withReason("a real Prometheus"), () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  // Tolerances: a rate depends on when Prometheus says that it scraped, on a busy machine 100 ms late within 3 s, hence 10 %.
  // A mean and a quantile come from counts of one scrape, which ends within a hundred of durations: 0.01 s is a tenth of them.
  it.each<[Format, (accept: string | undefined) => Format]>([
    ["openmetrics", negotiate],
    ["prometheus", () => "prometheus"],
  ])("reads %s, and answers rates and quantiles with the numbers that were recorded", async (format, choose) => {
    const metrics = everyKind();
    const requests = metrics.counter("requests", { description: "Requests." });
    const duration = metrics.histogram("request.duration", { unit: "s", description: "Duration of requests.", attributes: { route: "/a" } });
    const startedAt = performance.now();
    const formats = new Set<Format>();
    server = createServer((request, response) => {
      // 100 requests in each second, of 1 to 100 ms, as of the moment of the scrape.
      const due = Math.floor((performance.now() - startedAt) / 10);
      while (requests.value < due) {
        duration.record((1 + (requests.value % 100)) / 1000, { trace_id: `t${requests.value}` });
        requests.add(1);
      }
      const chosen = choose(request.headers.accept);
      formats.add(chosen);
      response.writeHead(200, { "content-type": contentTypeOf(chosen), "content-encoding": "gzip" });
      pipeline(expose(metrics, { format: chosen, chunkLength: 500 }), createGzip(), response, () => undefined);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // a TCP server's, so no path

    await using prometheus = await RealPrometheus.start(port);
    await prometheus.until("count_over_time(requests_total[1m])", (count) => count >= 8);
    expect([...formats]).toEqual([format]);
    expect(await prometheus.until("up", () => true)).toBe(1);
    expect(await prometheus.until("max_over_time(scrape_samples_scraped[1m])", () => true)).toBe(samples);

    expect(Math.abs((await prometheus.until("rate(requests_total[3s])", () => true)) - 100)).toBeLessThan(10);
    expect(Math.abs((await prometheus.until("rate(request_duration_seconds_count[3s])", () => true)) - 100)).toBeLessThan(10);
    const mean = await prometheus.until("rate(request_duration_seconds_sum[3s]) / rate(request_duration_seconds_count[3s])", () => true);
    expect(Math.abs(mean - 0.0505)).toBeLessThan(0.01);

    const quantile = (range: string): Promise<number> => prometheus.until(`histogram_quantile(0.9, ${range})`, () => true);
    expect(Math.abs((await quantile("request_duration_seconds_bucket")) - 0.09)).toBeLessThan(0.01);
    expect(Math.abs((await quantile("rate(request_duration_seconds_bucket[3s])")) - 0.09)).toBeLessThan(0.01);
    await prometheus.until('build_info{version="1.2.3"}', (value) => value === 1);
    await prometheus.until('circuit{name="db",circuit="open"} - ignoring(circuit) circuit{name="db",circuit="shut"}', (value) => value === 1);
    await prometheus.until("memory_use_ratio", (value) => value === 0.5);
    await prometheus.until("jobs_active * queue_size", (value) => value === 14);

    const metadata = (await prometheus.get("metadata")) as Record<string, { type: string; unit: string; help: string }[]>;
    const isOpen = format === "openmetrics";
    expect(metadata.request_duration_seconds).toEqual([{ type: "histogram", unit: isOpen ? "seconds" : "", help: "Duration of requests." }]);
    expect(metadata.circuit?.[0]?.type).toBe(isOpen ? "stateset" : "gauge");

    const now = Date.now() / 1000;
    const span = { query: "request_duration_seconds_bucket", start: String(now - 60), end: String(now + 1) };
    const found = (await prometheus.get("query_exemplars", span)) as { seriesLabels: { le: string }; exemplars: { labels: { trace_id: string }; value: string; timestamp: number }[] }[];
    expect(found.length > 0).toBe(isOpen);
    for (const { seriesLabels, exemplars } of found) {
      for (const { value, labels, timestamp } of exemplars) {
        expect(Number(value)).toBeLessThanOrEqual(Number(seriesLabels.le));
        expect(Number(value)).toBe((1 + (Number(labels.trace_id.slice(1)) % 100)) / 1000);
        expect(Math.abs(timestamp - now)).toBeLessThan(60);
      }
    }
  }, 90_000);
});
