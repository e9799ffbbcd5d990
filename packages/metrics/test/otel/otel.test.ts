import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  MetricReader,
  PeriodicExportingMetricReader,
  type MetricData,
  type MetricProducer as SdkMetricProducer,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import fc from "fast-check";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { type Meter } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { InstrumentConflictError, Metrics, type SnapshotSource } from "@breakwater/metrics";
import { meterFrom, metricProducer, type MetricProducer } from "@breakwater/metrics/otel";

class ManualReader extends MetricReader {
  protected override onShutdown = () => Promise.resolve();
  protected override onForceFlush = () => Promise.resolve();
}

afterEach(() => void vi.restoreAllMocks());

/** A meter of the SDK as ours, and what its reader sees. */
function sdk() {
  const reader = new ManualReader();
  const provider = new MeterProvider({ readers: [reader] });
  const meter = meterFrom(provider.getMeter("test"));
  const collect = async (): Promise<MetricData[]> => {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    return resourceMetrics.scopeMetrics.find(({ scope }) => scope.name === "test")?.metrics ?? [];
  };
  return { meter, collect };
}

async function points(metrics: Promise<MetricData[]>, name: string): Promise<unknown[]> {
  const found = (await metrics).filter(({ descriptor }) => descriptor.name === name);
  return found.flatMap(({ dataPoints }) => dataPoints.map(({ attributes, value }) => [attributes, value]));
}

describe("a meter of OpenTelemetry as ours", () => {
  it("counts what is added, by bound attributes, whoever asks for the series", async () => {
    const { meter, collect } = sdk();
    const attributes = { route: "/", retry: false };
    const counter = meter.counter("c", { attributes, unit: "{call}", description: "Calls." });
    attributes.route = "changed"; // a copy was bound
    counter.add(2);
    meter.counter("c", { attributes: { route: "/", retry: false }, unit: "{call}" }).add(3);
    meter.counter("c", { attributes: { route: "/x" }, unit: "{call}" }).add(1);
    expect(await points(collect(), "c")).toEqual([[{ route: "/", retry: false }, 5], [{ route: "/x" }, 1]]);
    const [metric, ...others] = await collect();
    expect(others).toEqual([]);
    expect(metric?.descriptor).toMatchObject({ name: "c", unit: "{call}", description: "Calls." });
    expect(metric).toMatchObject({ dataPointType: DataPointType.SUM, isMonotonic: true });
  });

  it("records seconds into buckets for seconds, and leaves other units to the SDK", async () => {
    const { meter, collect } = sdk();
    meter.histogram("d", { unit: "s" }).record(0.03);
    meter.histogram("b", { unit: "By" }).record(30);
    const [[, duration], [, size]] = [...(await points(collect(), "d")), ...(await points(collect(), "b"))] as [[unknown, unknown], [unknown, unknown]];
    expect(duration).toMatchObject({ count: 1, sum: 0.03, buckets: { boundaries: expect.arrayContaining([0.005, 0.025, 0.05, 10]) as unknown } });
    expect(size).toMatchObject({ buckets: { boundaries: expect.arrayContaining([5000]) as unknown } });
  });

  it("reads gauges when it is collected, adds up the readers of one series, and forgets those that stopped", async () => {
    const { meter, collect } = sdk();
    const stop = meter.gauge("g", () => 2, { attributes: { a: 1 } });
    const stopOther = meter.gauge("g", () => 3, { attributes: { a: 1 } });
    meter.gauge("g", () => 7, { attributes: { a: 2 } });
    expect(await points(collect(), "g")).toEqual([[{ a: 1 }, 5], [{ a: 2 }, 7]]);
    stop();
    stop();
    expect(await points(collect(), "g")).toEqual([[{ a: 1 }, 3], [{ a: 2 }, 7]]);
    stopOther();
    const read = vi.fn(() => 4);
    meter.gauge("g", read, { attributes: { a: 1 } });
    expect(await points(collect(), "g")).toEqual([[{ a: 1 }, 4], [{ a: 2 }, 7]]);
    expect(read).toHaveBeenCalledOnce();
  });

  it("is one meter for one of OpenTelemetry's, so that readers add up wherever it was adapted", async () => {
    const reader = new ManualReader();
    const otel = new MeterProvider({ readers: [reader] }).getMeter("test");
    expect(meterFrom(otel)).toBe(meterFrom(otel));
    meterFrom(otel).gauge("g", () => 2);
    meterFrom(otel).gauge("g", () => 3);
    const { resourceMetrics } = await reader.collect();
    expect(resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics.flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value)))).toEqual([5]);
    expect(() => meterFrom(otel).counter("g")).toThrow(InstrumentConflictError);
  });

  it("observes nothing for a reader that throws or has no number, warns once, and harms no other", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { meter, collect } = sdk();
    meter.gauge("g", () => { throw new Error("gone"); });
    meter.gauge("n", () => NaN);
    meter.gauge("ok", () => 1);
    for (let n = 0; n < 2; n++) {
      expect(await points(collect(), "g")).toEqual([]);
      expect(await points(collect(), "n")).toEqual([]);
      expect(await points(collect(), "ok")).toEqual([[{}, 1]]);
    }
    expect(warned).toHaveBeenCalledOnce();
  });

  it("refuses a name with another kind or unit, which the SDK would export twice, and what a registry refuses", () => {
    const { meter } = sdk();
    meter.counter("x", { unit: "By" });
    for (const conflict of [() => meter.histogram("x", { unit: "By" }), () => meter.counter("x"), () => meter.gauge("x", () => 1), () => meter.counter("x.bytes.total")]) {
      expect(conflict).toThrow(InstrumentConflictError);
    }
    expect(() => meter.counter("9")).toThrow(RangeError);
    expect(() => meter.counter("ok", { attributes: { a: null as unknown as string } })).toThrow(TypeError);
    expect(() => meter.gauge("g", 1 as unknown as () => number)).toThrow("read must be a function, got number");
    expect(() => meterFrom({} as Parameters<typeof meterFrom>[0])).toThrow("meter.createCounter must be a function, got undefined");
  });

  it("is a Meter", () => {
    expectTypeOf(meterFrom).returns.toEqualTypeOf<Meter>();
  });
});

async function exported(source: SnapshotSource): Promise<ResourceMetrics> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30, exportTimeoutMillis: 1000, metricProducers: [metricProducer(source)] });
  const provider = new MeterProvider({ readers: [reader] });
  await provider.forceFlush();
  const [data] = exporter.getMetrics();
  await provider.shutdown();
  if (data === undefined) throw new Error("nothing was exported");
  return data;
}

const metricsOf = (data: ResourceMetrics): MetricData[] => data.scopeMetrics.find(({ scope }) => scope.name === "@breakwater/metrics")?.metrics ?? [];

describe("a registry as a producer for OpenTelemetry's reader", () => {
  const registry = (): Metrics => new Metrics({ clock: new ManualClock(), wallClock: () => 1_700_000_000_250 });

  it("exports each kind as what OpenTelemetry has for it, cumulative since the registry was made", async () => {
    const metrics = registry();
    metrics.counter("c", { unit: "By", description: "Bytes.", attributes: { a: 1 } }).add(2.5);
    metrics.upDownCounter("u").add(-2);
    metrics.settableGauge("g").set(7);
    metrics.gauge("nan", () => NaN);
    metrics.info("i", { version: "1.2" });
    metrics.stateSet("s", ["open", "closed"], { attributes: { name: "db" } }).set("open");
    const data = metricsOf(await exported(metrics));
    const named = (name: string): MetricData | undefined => data.find(({ descriptor }) => descriptor.name === name);
    const at = [1_700_000_000, 250_000_000];
    expect(named("c")).toEqual({
      descriptor: { name: "c", unit: "By", description: "Bytes.", valueType: 1 },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.SUM,
      isMonotonic: true,
      dataPoints: [{ startTime: at, endTime: at, attributes: { a: "1" }, value: 2.5 }],
    });
    expect(named("u")).toMatchObject({ dataPointType: DataPointType.SUM, isMonotonic: false, dataPoints: [{ value: -2 }] });
    expect(named("g")).toMatchObject({ dataPointType: DataPointType.GAUGE, dataPoints: [{ value: 7 }] });
    expect(named("nan")).toBeUndefined();
    expect(named("i")).toMatchObject({ dataPointType: DataPointType.SUM, isMonotonic: false, dataPoints: [{ attributes: { version: "1.2" }, value: 1 }] });
    expect(named("s")).toMatchObject({
      dataPointType: DataPointType.SUM,
      isMonotonic: false,
      dataPoints: [{ attributes: { name: "db", s: "open" }, value: 1 }, { attributes: { name: "db", s: "closed" }, value: 0 }],
    });
  });

  it("exports histograms as exponential ones, in whose buckets every sample is where the specification puts it", async () => {
    // bucket i is above 2^(i/16) and at most 2^((i+1)/16); at the edges between powers of two a logarithm is not exact
    const indexOf = (value: number): number => Math.ceil(Math.log2(value) * 16) - 1;
    const isClear = (value: number): boolean => Math.abs(Math.log2(value) * 16 - Math.round(Math.log2(value) * 16)) > 1e-9;
    const wide = fc.double({ min: 2 ** -63, max: 2 ** 63, noNaN: true });
    const value = fc.oneof(wide.filter(isClear), fc.double({ min: 1e-6, max: 60, noNaN: true }).filter(isClear), fc.constantFrom(0, 1, 2, 8, 2 ** -20));
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 30 }), async (values) => {
        const metrics = registry();
        const histogram = metrics.histogram("h", { unit: "s" });
        for (const each of values) histogram.record(each);
        const { resourceMetrics } = await metricProducer(metrics).collect();
        const [metric] = resourceMetrics.scopeMetrics[0]?.metrics.filter(({ descriptor }) => descriptor.name === "h") ?? [];
        if (metric?.dataPointType !== DataPointType.EXPONENTIAL_HISTOGRAM) throw new Error("no exponential histogram");
        const point = metric.dataPoints[0]?.value;
        if (point === undefined) throw new Error("no point");
        const { positive, scale, zeroCount, count, min, max } = point;
        expect({ count, min, max, scale }).toEqual({ count: values.length, min: Math.min(...values), max: Math.max(...values), scale: 4 });
        expect(zeroCount).toBe(values.filter((each) => each === 0).length);
        const found = positive.bucketCounts.flatMap((each, index) => new Array<number>(each).fill(positive.offset + index));
        const expected = values.filter((each) => each > 0).map(indexOf);
        expect(found).toEqual(expected.sort((a, b) => a - b));
      }),
    );
  });

  it("has no min and max for a histogram without samples", async () => {
    const metrics = registry();
    metrics.histogram("h");
    const [point] = metricsOf(await exported(metrics)).flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value));
    expect(point).toEqual({ count: 0, sum: 0, scale: 4, zeroCount: 0, positive: { offset: 0, bucketCounts: [] }, negative: { offset: 0, bucketCounts: [] } });
  });

  it("fails nobody else's metrics when its source fails", async () => {
    const failure = new Error("broken");
    const reader = new ManualReader({ metricProducers: [metricProducer({ snapshot: () => Promise.reject(failure) })] });
    const provider = new MeterProvider({ readers: [reader] });
    provider.getMeter("other").createCounter("c").add(1);
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([failure]);
    expect(resourceMetrics.scopeMetrics.map(({ scope }) => scope.name)).toEqual(["other"]);
  });

  it("stands under the scope that it is given, and refuses what is no source", async () => {
    const producer = metricProducer(registry(), { scope: { name: "mine", version: "2" } });
    expect((await producer.collect()).resourceMetrics.scopeMetrics[0]?.scope).toEqual({ name: "mine", version: "2" });
    expect(() => metricProducer({} as SnapshotSource)).toThrow("source.snapshot must be a function, got undefined");
  });

  it("is a MetricProducer in the eyes of the SDK", () => {
    expectTypeOf<MetricProducer>().toExtend<SdkMetricProducer>();
  });
});

describe("there and back", () => {
  it("what a pattern measures through the SDK's meter and through a registry's producer is the same", async () => {
    const { meter, collect } = sdk();
    const metrics = new Metrics();
    for (const each of [meter, metrics]) {
      each.counter("c", { attributes: { name: "x" } }).add(3);
      each.histogram("h", { unit: "s" }).record(0.2);
    }
    const ours = metricsOf(await exported(metrics));
    expect(await points(Promise.resolve(ours), "c")).toEqual(await points(collect(), "c"));
    const [[, one], [, two]] = [...(await points(Promise.resolve(ours), "h")), ...(await points(collect(), "h"))] as [[unknown, object], [unknown, object]];
    expect(one).toMatchObject({ count: 1, sum: 0.2 });
    expect(two).toMatchObject({ count: 1, sum: 0.2 });
  });
});
