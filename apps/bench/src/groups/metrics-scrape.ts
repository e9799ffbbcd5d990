import { expose, Metrics, renderText } from "@breakwater/metrics";
import { Counter, Histogram, Registry } from "prom-client";
import { verify, type Case } from "../candidate.ts";

// Some 10,000 samples of a service: 5000 counters with three labels, 400 histograms with eleven buckets, sum and count.
const counters = 5000;
const histograms = 400;
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const samples = counters + histograms * (buckets.length + 3);

const requestOf = (n: number) => ({ method: n % 2 === 0 ? "GET" : "POST", route: `/orders/${n >> 3}`, status: String(200 + (n % 8)) });
const callOf = (n: number) => ({ method: n % 2 === 0 ? "GET" : "POST", route: `/orders/${n}` });

/** The same for both: counts of one to five digits, and a hundred durations of 1 ms to 10 s in each histogram. */
function fill(count: (n: number, amount: number) => void, record: (n: number, seconds: number) => void): void {
  for (let n = 0; n < counters; n += 1) count(n, n * 3 + 1);
  for (let n = 0; n < histograms; n += 1) {
    for (let i = 0; i < 100; i += 1) record(n, (1 + ((i * 371 + n) % 10_000)) / 1000);
  }
}

function ours(): Metrics {
  const metrics = new Metrics({ maxSeries: Infinity });
  fill(
    (n, amount) => metrics.counter("http.requests", { description: "Requests.", attributes: requestOf(n) }).add(amount),
    (n, seconds) => metrics.histogram("http.duration", { unit: "s", description: "Duration.", buckets, attributes: callOf(n) }).record(seconds),
  );
  return metrics;
}

function promClient(): Registry {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({ name: "http_requests_total", help: "Requests.", labelNames: ["method", "route", "status"], registers });
  const duration = new Histogram({ name: "http_duration_seconds", help: "Duration.", labelNames: ["method", "route"], buckets, registers });
  fill(
    (n, amount) => requests.inc(requestOf(n), amount),
    (n, seconds) => duration.observe(callOf(n), seconds),
  );
  return registry;
}

const samplesIn = (text: string): number => text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
const encoder = new TextEncoder();

export const scrapeCase: Case = {
  group: "metrics",
  name: `a scrape of ${samples.toLocaleString("en")} samples, to bytes`,
  candidates: [
    {
      name: "the bytes of a text that is there",
      kind: "floor",
      prepare: () => {
        const text = renderText(ours());
        return (count) => { for (let i = 0; i < count; i += 1) encoder.encode(text); };
      },
    },
    {
      name: "in one go",
      kind: "ours",
      prepare: () => {
        const metrics = ours();
        verify(samplesIn(metrics.prometheus()) === samples, "every sample is written");
        return (count) => { for (let i = 0; i < count; i += 1) encoder.encode(metrics.prometheus()); };
      },
    },
    {
      name: "OpenMetrics in chunks, with turns for the event loop",
      kind: "ours",
      prepare: () => {
        const metrics = ours();
        verify(samplesIn(renderText(metrics, "openmetrics")) === samples, "every sample is written");
        return async (count) => {
          for (let i = 0; i < count; i += 1) {
            for await (const chunk of expose(metrics, { format: "openmetrics" })) encoder.encode(chunk);
          }
        };
      },
    },
    {
      name: "prom-client, registry.metrics()",
      kind: "rival",
      package: "prom-client",
      prepare: async () => {
        const registry = promClient();
        verify(samplesIn(await registry.metrics()) === samples, "every sample is written");
        return async (count) => { for (let i = 0; i < count; i += 1) encoder.encode(await registry.metrics()); };
      },
    },
  ],
};
