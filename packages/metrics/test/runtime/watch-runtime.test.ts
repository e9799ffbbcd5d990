import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { noopMeter, systemClock, type Meter } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { Metrics } from "@breakwater/metrics";
import { watchRuntime, type RuntimeOptions, type RuntimeWatch } from "@breakwater/metrics/runtime";
import { promtoolComplaints } from "../exposition/prometheus-tools.ts";
import { itAsks } from "../real-tools.ts";

let clock: ManualClock;
let metrics: Metrics;
const watches: RuntimeWatch[] = [];
beforeEach(() => {
  clock = new ManualClock();
  metrics = new Metrics({ clock });
});
afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop();
  vi.restoreAllMocks();
});

function watch(options: RuntimeOptions = {}, meter: Meter = metrics): RuntimeWatch {
  const started = watchRuntime(meter, { clock, scope: "process", ...options });
  watches.push(started);
  return started;
}

/** The values of one name, by their attributes. */
function read(name: string, from = metrics): Map<string, number> {
  const values = new Map<string, number>();
  for (const metric of from.snapshot().metrics) {
    if (metric.name !== name) continue;
    for (const { attributes, reading } of metric.series) {
      if (typeof reading === "number") values.set(Object.values(attributes).join(), reading);
    }
  }
  return values;
}
const one = (name: string): number | undefined => read(name).get("");
const gauges = (): string[] => metrics.snapshot().metrics.filter(({ type }) => type === "gauge").map(({ name }) => name);

/** Uses the processor for as long, without letting the event loop go on. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
const turn = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 1));

describe("what is shown", () => {
  it("has every name that OpenTelemetry has for a Node process, and a few that it lacks", () => {
    watch();
    clock.advance(15_000);
    expect(metrics.snapshot().metrics.map(({ name }) => name).filter((name) => !name.startsWith("process.open"))).toEqual([
      "nodejs.eventloop.delay.max",
      "nodejs.eventloop.delay.mean",
      "nodejs.eventloop.delay.min",
      "nodejs.eventloop.delay.p50",
      "nodejs.eventloop.delay.p90",
      "nodejs.eventloop.delay.p99",
      "nodejs.eventloop.delay.stddev",
      "nodejs.eventloop.time",
      "nodejs.eventloop.utilization",
      "nodejs.info",
      "nodejs.memory.array_buffers",
      "nodejs.memory.external",
      "process.cpu.time",
      "process.memory.usage",
      "process.start_time",
      "process.uptime",
      "v8js.gc.duration",
      "v8js.memory.heap.max",
      "v8js.memory.heap.space.available_size",
      "v8js.memory.heap.space.physical_size",
      "v8js.memory.heap.space.size",
      "v8js.memory.heap.used",
      "v8js.resource.active",
    ]);
  });

  itAsks("passes promtool's lint", () => {
    watch();
    clock.advance(15_000);
    expect(promtoolComplaints(metrics.prometheus())).toBe("");
  });

  it("agrees with the process on memory, age and versions", () => {
    watch();
    expect(one("process.memory.usage")).toBeGreaterThan(1e7);
    expect(one("v8js.memory.heap.max")).toBeGreaterThan(1e7);
    expect(read("v8js.memory.heap.used").get("old_space")).toBeGreaterThan(1e6);
    expect(one("process.uptime")).toBeLessThanOrEqual(process.uptime());
    expect((one("process.start_time") ?? 0) * 1e3).toBeLessThan(Date.now());
    expect([...read("nodejs.info")]).toEqual([
      [`nodejs,${process.versions.node},${process.versions.v8},${process.platform},${process.arch}`, 1],
    ]);
  });

  it("shows array buffers where they are: outside the heap", () => {
    watch();
    const before = one("nodejs.memory.array_buffers") ?? NaN;
    const buffer = new ArrayBuffer(50e6);
    clock.advance(1_000);
    expect((one("nodejs.memory.array_buffers") ?? NaN) - before).toBeGreaterThan(49e6);
    expect(buffer.byteLength).toBe(50e6);
  });

  it.runIf(process.platform === "linux")("counts open file descriptors, without the one that counting takes", async () => {
    watch();
    await vi.waitFor(() => expect(one("process.open_file_descriptors")).toBeGreaterThan(2));
    expect(one("process.open_file_descriptors.limit")).toBeGreaterThan(100);
  });
});

describe("the event loop", () => {
  it("shows nothing before the first interval is over, and then a block in it, less the timer's own period", async () => {
    watch({ intervalMs: 1_000 });
    expect(one("nodejs.eventloop.delay.max")).toBeNaN();
    expect(one("nodejs.eventloop.utilization")).toBeNaN();
    await vi.waitFor(async () => {
      await turn(); // the monitor measures from the turn that it saw last
      block(60);
      await turn();
      clock.advance(1_000);
      expect(one("nodejs.eventloop.delay.max")).toBeGreaterThan(0.03);
    });
    expect(one("nodejs.eventloop.utilization")).toBeGreaterThan(0.1);
    expect(one("nodejs.eventloop.delay.max")).toBeGreaterThanOrEqual(one("nodejs.eventloop.delay.p50") ?? NaN);
  });

  it("answers every reader the same, however many there are and whenever they read", async () => {
    watch({ intervalMs: 1_000 });
    await turn();
    block(5);
    clock.advance(1_000);
    const first = [one("nodejs.eventloop.utilization"), one("nodejs.eventloop.delay.max")];
    for (let reader = 0; reader < 5; reader++) {
      block(2);
      await turn();
      expect([one("nodejs.eventloop.utilization"), one("nodejs.eventloop.delay.max")]).toEqual(first);
    }
  });

  it("takes the utilization since the last sample, not since the start", async () => {
    watch({ intervalMs: 1_000 });
    await turn();
    block(50);
    await turn();
    clock.advance(1_000);
    const busy = one("nodejs.eventloop.utilization") ?? NaN;
    for (let n = 0; n < 40; n++) await turn();
    clock.advance(1_000);
    expect(one("nodejs.eventloop.utilization")).toBeLessThan(busy);
  });

  it("counts the time spent working and waiting, and the processor's, every second", async () => {
    watch({ intervalMs: Infinity });
    const [active, user] = [read("nodejs.eventloop.time").get("active") ?? 0, read("process.cpu.time").get("user") ?? 0];
    expect(user).toBeGreaterThan(0); // since the process was started
    block(30);
    await turn();
    clock.advance(1_000);
    expect(read("nodejs.eventloop.time").get("active")).toBeGreaterThan(active);
    expect(read("process.cpu.time").get("user")).toBeGreaterThan(user);
    expect(one("nodejs.eventloop.utilization")).toBeNaN(); // no interval ends
  });
});

describe("resources and collections", () => {
  it("counts what keeps the event loop alive, and goes back to 0", () => {
    watch({ intervalMs: 1_000 });
    const timers = Array.from({ length: 5 }, () => setTimeout(() => undefined, 1e6));
    clock.advance(1_000);
    const withTimers = read("v8js.resource.active").get("Timeout") ?? 0;
    expect(withTimers).toBeGreaterThanOrEqual(5);
    timers.forEach(clearTimeout);
    clock.advance(1_000);
    expect(read("v8js.resource.active").get("Timeout")).toBe(withTimers - 5);
  });

  it("records garbage collections by kind, and none after the stop", async () => {
    const started = watch();
    const scavenges = (): number => metrics.histogram("v8js.gc.duration", { unit: "s", attributes: { "v8js.gc.type": "minor" } }).stats.lifetime.count;
    const litter = (): void => void Array.from({ length: 400_000 }, (_, n) => ({ n }));
    await vi.waitFor(() => {
      litter();
      expect(scavenges()).toBeGreaterThan(0);
    });
    started.stop();
    const before = scavenges();
    for (let n = 0; n < 20; n++) litter();
    await turn();
    await turn();
    expect(scavenges()).toBe(before);
  });
});

describe("starting and stopping", () => {
  it("leaves no timer and no gauge behind, and a second stop is harmless", () => {
    const started = watch();
    expect(clock.pendingTimers).toBe(1);
    expect(clock.pendingRefTimers).toBe(0);
    started.stop();
    started.stop();
    expect(clock.pendingTimers).toBe(0);
    expect(gauges()).toEqual([]);
  });

  it("is one watch when it is started twice, on until both are stopped", () => {
    const first = watch();
    const rss = one("process.memory.usage") ?? NaN;
    const second = watch();
    first.stop();
    first.stop();
    expect(one("process.memory.usage")).toBeLessThan(rss * 1.5);
    expect(clock.pendingTimers).toBe(1);
    second.stop();
    expect(gauges()).toEqual([]);
  });

  it("goes on with its counters when it is started again", () => {
    watch().stop();
    const user = read("process.cpu.time").get("user") ?? NaN;
    watch();
    expect((read("process.cpu.time").get("user") ?? NaN) / user).toBeLessThan(1.5);
  });

  it("serves two registries apart", () => {
    const other = new Metrics({ clock });
    watch();
    watch({}, other).stop();
    expect(read("process.memory.usage", other).size).toBe(0);
    expect(read("process.memory.usage").size).toBe(1);
  });

  it("does nothing for a meter that measures nothing", () => {
    watch({}, noopMeter).stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it("leaves nothing behind when a name is somebody else's", () => {
    metrics.counter("process.uptime");
    expect(() => watch()).toThrow(/process\.uptime/);
    expect(clock.pendingTimers).toBe(0);
    expect(gauges()).toEqual([]);
  });

  it("turns what a broken meter throws into a warning", () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const fail = (): never => {
      throw new Error("broken");
    };
    watch({}, { counter: () => ({ add: fail }), histogram: () => ({ record: fail }), gauge: () => () => undefined });
    clock.advance(1_000);
    expect(warned).toHaveBeenCalled();
    expect(clock.pendingTimers).toBe(1);
  });

  it("shows only what a thread has of its own where that is asked for", () => {
    watch({ scope: "thread" });
    expect(gauges().filter((name) => name.startsWith("process."))).toEqual([]);
    expect(gauges()).toContain("v8js.memory.heap.used");
  });

  it("keeps no process alive, but for the moment in which descriptors are counted", () => {
    const holding = (): string[] => process.getActiveResourcesInfo().filter((type) => type !== "FSReqPromise");
    const before = holding();
    watch({ clock: systemClock });
    expect(holding()).toEqual(before);
  });
});

describe("options", () => {
  it.each([
    [{ intervalMs: 9 }, RangeError, /intervalMs .*9/],
    [{ intervalMs: NaN }, RangeError, /intervalMs/],
    [{ resolutionMs: 0 }, RangeError, /resolutionMs/],
    [{ resolutionMs: 1.5 }, RangeError, /resolutionMs/],
    [{ scope: "cluster" }, RangeError, /scope must be "process" or "thread", got "cluster"/],
  ])("refuses %o", (options, type, message) => {
    const start = (): RuntimeWatch => watchRuntime(metrics, { clock, ...(options as RuntimeOptions) });
    expect(start).toThrow(type);
    expect(start).toThrow(message);
  });

  it("has a typed form", () => {
    expectTypeOf(watchRuntime).parameters.toEqualTypeOf<[meter: Meter, options?: RuntimeOptions]>();
    expectTypeOf<RuntimeWatch>().toEqualTypeOf<{ stop(): void }>();
  });
});
