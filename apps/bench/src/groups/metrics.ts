import { createHistogram } from "node:perf_hooks";
import { Metrics } from "@breakwater/metrics";
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { Counter, Histogram, Registry } from "prom-client";
import { verify, type Case } from "../candidate.ts";

const attributes = { route: "/orders", method: "GET" };
const labelNames = ["route", "method"];

/** A meter whose reader collects when asked, which here is never. */
function openTelemetry() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  return new MeterProvider({ readers: [reader] }).getMeter("bench");
}

/** Durations of 1 to 100 ms, in seconds, so that a record does not always meet the same bucket. */
const durations = Float64Array.from({ length: 1024 }, (_, index) => (1 + ((index * 37) % 100)) / 1000);
const durationAt = (index: number): number => durations[index & 1023] ?? 0;

class Plain {
  value = 0;
}

const counting: Case = {
  group: "metrics",
  name: "a counter with two attributes, plus one",
  candidates: [
    {
      name: "n++ on a field",
      kind: "floor",
      prepare: () => {
        const plain = new Plain();
        return (count) => { for (let i = 0; i < count; i += 1) plain.value += 1; };
      },
    },
    {
      name: "counter.add(1)",
      kind: "ours",
      prepare: () => {
        const counter = new Metrics().counter("requests", { attributes });
        counter.add(1);
        verify(counter.value === 1, "our counter counts");
        return (count) => { for (let i = 0; i < count; i += 1) counter.add(1); };
      },
    },
    {
      name: "prom-client, child of labels()",
      kind: "rival",
      package: "prom-client",
      prepare: () => {
        const child = new Counter({ name: "requests", help: "h", labelNames, registers: [new Registry()] }).labels(attributes);
        return (count) => { for (let i = 0; i < count; i += 1) child.inc(); };
      },
    },
    {
      name: "OpenTelemetry sdk-metrics",
      kind: "rival",
      package: "@opentelemetry/sdk-metrics",
      prepare: () => {
        const counter = openTelemetry().createCounter("requests");
        return (count) => { for (let i = 0; i < count; i += 1) counter.add(1, attributes); };
      },
    },
  ],
};

const recording: Case = {
  group: "metrics",
  name: "a histogram with two attributes, one duration",
  candidates: [
    {
      name: "one bucket of an array",
      kind: "floor",
      prepare: () => {
        const buckets = new Float64Array(128);
        return (count) => {
          for (let i = 0; i < count; i += 1) {
            const bucket = (durationAt(i) * 1000) | 0;
            buckets[bucket] = (buckets[bucket] ?? 0) + 1;
          }
        };
      },
    },
    {
      name: "histogram.record, all time and 3 windows",
      kind: "ours",
      prepare: () => {
        const histogram = new Metrics().histogram("duration", { unit: "s", attributes });
        histogram.record(0.5);
        verify(histogram.stats.window.count === 1, "our histogram records");
        return (count) => { for (let i = 0; i < count; i += 1) histogram.record(durationAt(i)); };
      },
    },
    {
      name: "histogram.record, without windows",
      kind: "ours",
      prepare: () => {
        const histogram = new Metrics({ windowsMs: [] }).histogram("duration", { unit: "s", attributes });
        histogram.record(0.5);
        verify(histogram.stats.lifetime.count === 1, "our histogram records");
        return (count) => { for (let i = 0; i < count; i += 1) histogram.record(durationAt(i)); };
      },
    },
    {
      name: "node:perf_hooks createHistogram",
      kind: "rival",
      package: "node:perf_hooks",
      prepare: () => {
        const histogram = createHistogram();
        return (count) => { for (let i = 0; i < count; i += 1) histogram.record((durationAt(i) * 1e9) | 0); };
      },
    },
    {
      name: "prom-client, observe",
      kind: "rival",
      package: "prom-client",
      prepare: () => {
        const histogram = new Histogram({ name: "duration", help: "h", labelNames, registers: [new Registry()] });
        return (count) => { for (let i = 0; i < count; i += 1) histogram.observe(attributes, durationAt(i)); };
      },
    },
    {
      name: "prom-client, child of labels()",
      kind: "rival",
      package: "prom-client",
      prepare: () => {
        const child = new Histogram({ name: "duration", help: "h", labelNames, registers: [new Registry()] }).labels(attributes);
        return (count) => { for (let i = 0; i < count; i += 1) child.observe(durationAt(i)); };
      },
    },
    {
      name: "OpenTelemetry sdk-metrics",
      kind: "rival",
      package: "@opentelemetry/sdk-metrics",
      prepare: () => {
        const histogram = openTelemetry().createHistogram("duration");
        return (count) => { for (let i = 0; i < count; i += 1) histogram.record(durationAt(i), attributes); };
      },
    },
  ],
};

export const metricsCases: readonly Case[] = [counting, recording];
