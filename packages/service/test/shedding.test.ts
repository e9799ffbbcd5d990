import { getEventListeners } from "node:events";
import { ManualClock } from "@breakwater/core/testing";
import { queueDelay, Shedder, type OverloadSignal } from "@breakwater/limiter";
import { Metrics } from "@breakwater/metrics";
import { loadShedding } from "@breakwater/middleware";
import { createService, operation, type ServiceOptions } from "@breakwater/service";
import { describe, expect, it, onTestFinished, vi } from "vitest";

const shedding = (options: Pick<ServiceOptions<number, object>, "shedding" | "limiter">, clock: ManualClock, handler = vi.fn(async (n: number) => n)) => {
  const metrics = new Metrics({ clock });
  const service = createService<number>({ name: "shop", clock, metrics, health: { minimumCalls: 1 }, ...options }).handle(handler);
  return { service, handler, metrics };
};

/** An overload that comes and goes as a test wants, and says whether it is being measured. */
class Switch implements OverloadSignal {
  readonly name = "switch";
  isOn = false;
  isMeasuring = false;
  start(): void {
    this.isMeasuring = true;
  }
  stop(): void {
    this.isMeasuring = false;
  }
  read(): number {
    return this.isOn ? 2 : 0;
  }
}

describe("shedding by a load", () => {
  it("refuses the least important before any place or work is spent on them, counts them apart, and says nothing of health", async () => {
    const clock = new ManualClock();
    const { service, handler, metrics } = shedding({ shedding: { load: () => 0.9 }, limiter: { limit: 1, queueLimit: 0 } }, clock);
    await service.start();
    expect(await service.process(1, { priority: 0 })).toBe(1);
    await expect(service.process(2, { priority: 3 })).rejects.toMatchObject({ code: "ERR_SHED", priority: 3, source: "shop" });
    await expect(service.process(3)).rejects.toMatchObject({ code: "ERR_SHED", priority: 2 });
    expect(handler).toHaveBeenCalledTimes(1);
    expect(service.stats).toMatchObject({ succeeded: 1, failed: 0, neutral: 0, refused: 0, shed: 2 });
    expect(service.limiter.stats).toMatchObject({ granted: 1, rejected: 0 });
    expect(service.health.report).toMatchObject({ status: "HEALTHY", total: 1 });
    expect(metrics.prometheus()).toContain('breakwater_load_shedding_calls_total{name="shop",outcome="shed"} 2');
  });

  it("takes a layer that was made already", async () => {
    const layer = loadShedding({ load: () => 1 });
    const { service } = shedding({ shedding: layer }, new ManualClock());
    await service.start();
    await expect(service.process(1, { priority: 0 })).rejects.toMatchObject({ code: "ERR_SHED" });
    expect(layer.stats.shed).toBe(1);
    expect(service.stats.shed).toBe(1);
  });

  it("does not look at priorities of a service that does not run", async () => {
    const load = vi.fn(() => 1);
    const { service } = shedding({ shedding: { load } }, new ManualClock());
    await expect(service.process(1)).rejects.toMatchObject({ code: "ERR_SERVICE_UNAVAILABLE" });
    expect(load).not.toHaveBeenCalled();
    expect(service.stats).toMatchObject({ refused: 1, shed: 0 });
  });
});

describe("shedding by a shedder", () => {
  it("gives up the least important while a signal tells of overload, and measures while the service runs", async () => {
    const clock = new ManualClock();
    const overload = new Switch();
    const { service } = shedding({ shedding: { signals: [overload], levels: 2, defaultLevel: 0, windowMs: 100 } }, clock);
    expect(overload.isMeasuring).toBe(false);
    await service.start();
    expect(overload.isMeasuring).toBe(true);
    expect(await service.process(1, { priority: 1 })).toBe(1);
    overload.isOn = true;
    clock.advance(100);
    await expect(service.process(2, { priority: 1 })).rejects.toMatchObject({ code: "ERR_LIMITER_REJECTED", reason: "overloaded", source: "shop" });
    expect(await service.process(3, { priority: 0 })).toBe(3);
    expect(service.stats).toMatchObject({ succeeded: 2, refused: 0, shed: 1 });
    await service.stop();
    expect(overload.isMeasuring).toBe(false);
  });

  it("counts a call that came after its deadline as refused, not as shed", async () => {
    const clock = new ManualClock(100);
    const shedder = new Shedder({ signals: [new Switch()], clock });
    const { service } = shedding({ shedding: shedder }, clock);
    await service.start();
    await expect(service.process(1, { deadlineAt: 50 })).rejects.toMatchObject({ reason: "deadline" });
    expect(service.stats).toMatchObject({ refused: 1, shed: 0 });
  });

  it("is told how long requests waited for admission, where a signal wants to know", async () => {
    const clock = new ManualClock();
    const delay = queueDelay({ maxMs: 20 });
    const record = vi.spyOn(delay, "record");
    const slow = vi.fn((n: number) => new Promise<number>((resolve) => clock.setTimer(() => resolve(n), 50)));
    const { service } = shedding({ shedding: { signals: [delay], levels: 2 }, limiter: { limit: 1 } }, clock, slow);
    await service.start();
    const answers = Promise.all([service.process(1, { priority: 0 }), service.process(2, { priority: 0 })]);
    await clock.advanceAsync(1_000);
    await answers;
    expect(record.mock.calls).toEqual([[0], [50]]);
    await expect(service.process(3, { priority: 1 })).rejects.toMatchObject({ reason: "overloaded" }); // a mean of 25 ms
  });

  it("stands before the limits of operations", async () => {
    const service = createService({ shedding: { load: () => 0.9 } }).operations({
      a: operation({ limiter: { limit: 1, queueLimit: 0 } }, async () => 1),
    });
    await service.start();
    await expect(service.call("a", 1, { priority: 3 })).rejects.toMatchObject({ code: "ERR_SHED" });
    expect(service.stats.operations.a.limiter).toMatchObject({ granted: 0, rejected: 0 });
    expect(await service.call("a", 1, { priority: 0 })).toBe(1);
  });
});

it.each([
  [3, "shedding must be an object or a layer, got number"],
  [{}, "shedding.load must be a function, got undefined"],
  [{ load: () => 0, startAt: 2 }, "startAt must be a number"],
  [{ signals: [] }, "signals must hold at least one"],
  [(next: unknown) => next, "shedding must be the layer of a loadShedding, or a Shedder"],
])("wrong options of shedding are refused by name and value: %#", (given, message) => {
  expect(() => createService({ shedding: given as never })).toThrow(message);
});

describe("a signal that is broken", () => {
  it("fails no request, and neither start nor stop: it becomes a warning", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => warned.mockRestore());
    const fails = (message: string) => (): never => { throw new Error(message); };
    const broken = { name: "broken", start: fails("start"), stop: fails("stop"), read: fails("read"), record: fails("record") };
    const clock = new ManualClock();
    const { service } = shedding({ shedding: { signals: [broken], windowMs: 10 } }, clock);
    await service.start();
    const { signal } = new AbortController();
    for (let n = 0; n < 3; n += 1) {
      clock.advance(10);
      expect(await service.process(n, { signal })).toBe(n);
    }
    expect(service.stats).toMatchObject({ state: "running", succeeded: 3, refused: 0, shed: 0, inFlight: 0 });
    expect(getEventListeners(signal, "abort")).toEqual([]);
    expect(await service.stop()).toMatchObject({ isDrained: true });
    const said = warned.mock.calls.map(([warning]) => (warning instanceof Error ? warning.message : warning));
    expect(new Set(said)).toEqual(new Set(["start", "record", "read", "stop"]));
  });
});
