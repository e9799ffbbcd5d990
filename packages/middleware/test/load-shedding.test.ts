import { descriptionOf, isRejected, type Clock, type Guard, type Meter } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { loadShedding, ShedError, type LoadSheddingLayer, type LoadSheddingOptions } from "@breakwater/middleware";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it, vi } from "vitest";

const fate = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);
const work = async (): Promise<string> => "done";

/** Which of these priorities are served at that load. */
async function served(load: number, priorities: readonly (number | undefined)[], options: Partial<LoadSheddingOptions> = {}): Promise<unknown[]> {
  const service = loadShedding({ ...options, load: () => load })(work);
  const ends = await Promise.all(priorities.map((priority) => fate(service("", { priority }))));
  return priorities.filter((_, index) => ends[index] === "done");
}

describe("load shedding", () => {
  it("gives up the priorities one after the other as the load rises, the least important first", async () => {
    const all = [0, 1, 2, 3];
    expect(await served(0.79, all)).toEqual([0, 1, 2, 3]);
    expect(await served(0.8, all)).toEqual([0, 1, 2]);
    expect(await served(0.87, all)).toEqual([0, 1]);
    expect(await served(0.94, all)).toEqual([0]);
    expect(await served(0.999, all)).toEqual([0]);
    expect(await served(1, all)).toEqual([]);
    expect(await served(7, all)).toEqual([]);
  });

  it("takes thresholds of one's own, Infinity for those who are never refused", async () => {
    const thresholds = [Infinity, 1, 0.5];
    expect(await served(0.5, [0, 1, 2], { thresholds })).toEqual([0, 1]);
    expect(await served(Infinity, [0, 1, 2], { thresholds: [Infinity, 2] })).toEqual([]);
    expect(await served(1_000, [0, 1, 2], { thresholds })).toEqual([0]);
  });

  it("counts a call without a priority as in the middle, and one that is beyond as the last", async () => {
    const given = [undefined, NaN, -1, 1.9, 9];
    expect(await served(0.87, given)).toEqual([1.9]);
    expect(await served(0.8, given)).toEqual([undefined, NaN, -1, 1.9]);
    expect(await served(0.999, given, { defaultPriority: 0 })).toEqual([undefined, NaN, -1]);
    expect(await served(0.999, [undefined, 5], { priorities: 1 })).toEqual([undefined, 5]);
  });

  it("takes what is no number for no priority", async () => {
    const given = [null, [], true, "0", {}] as unknown as number[];
    expect(await served(0.87, given)).toEqual([]);
    expect(await served(0.8, given)).toEqual(given);
  });

  it("reads the load again when the clock was set back", async () => {
    let load = 1;
    let now = 1_000_000;
    const clock: Clock = { now: () => now, setTimer: () => ({ cancel: () => undefined, unref: () => undefined }) };
    const service = loadShedding({ load: () => load, clock })(work);
    expect(await fate(service("", {}))).toBeInstanceOf(ShedError);
    [load, now] = [0, 0];
    expect(await service("", {})).toBe("done");
  });

  it("never refuses the more important of two calls at the same load", async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 2, noNaN: true }), fc.integer({ min: 1, max: 12 }), fc.double({ min: 0, max: 0.99, noNaN: true }), async (load, priorities, startAt) => {
        const all = Array.from({ length: priorities }, (_, priority) => priority);
        const admitted = await served(load, all, { priorities, startAt });
        expect(admitted).toEqual(all.slice(0, admitted.length));
        if (priorities > 1 && load < startAt) expect(admitted).toHaveLength(priorities);
        expect(admitted.length > 0).toBe(load < 1);
      }),
    );
  });

  it("refuses before any work, with a refusal that says who, how much and when to come back", async () => {
    const service = vi.fn(work);
    const layer = loadShedding({ load: () => 0.95, name: "front", random: () => 0.25 });
    const error = await fate(layer(service)("", { priority: 3 }));
    expect(error).toBeInstanceOf(ShedError);
    expect(isRejected(error)).toBe(true);
    expect(error).toMatchObject({
      name: "ShedError",
      code: "ERR_SHED",
      reason: "overloaded",
      retryAfterMs: 1_250,
      source: "front",
      load: 0.95,
      priority: 3,
      threshold: 0.8,
      message: "load shedding front: priority 3 is refused from a load of 0.8 on, and it is 0.95",
    });
    expect(service).not.toHaveBeenCalled();
    expect(layer.stats).toEqual({ load: 0.95, admitted: 0, shed: 1 });
  });

  it("spreads the time to come back between once and twice what was asked for", async () => {
    const service = loadShedding({ load: () => 2, retryAfterMs: 100 })(work);
    const errors = await Promise.all(Array.from({ length: 50 }, () => fate(service("", {}))));
    const times = errors.map((error) => (error as ShedError).retryAfterMs);
    expect(times.every((ms) => ms >= 100 && ms < 200)).toBe(true);
    expect(new Set(times).size).toBeGreaterThan(10);
  });

  it("reads the load once in sampleMs at most, when somebody calls, and sets no timer", async () => {
    const clock = new ManualClock();
    const load = vi.fn(() => 0);
    const service = loadShedding({ load, sampleMs: 100, clock })(work);
    expect(load).not.toHaveBeenCalled();
    for (let index = 0; index < 5; index += 1) await service("", {});
    clock.advance(99);
    await service("", {});
    expect(load).toHaveBeenCalledTimes(1);
    clock.advance(1);
    await service("", {});
    expect(load).toHaveBeenCalledTimes(2);
    expect(clock.pendingTimers).toBe(0);
    const each = vi.fn(() => 0);
    const eager = loadShedding({ load: each, sampleMs: 0, clock })(work);
    await Promise.all([eager("", {}), eager("", {})]);
    expect(each).toHaveBeenCalledTimes(2);
  });

  it("keeps the last load when the reader throws or answers none, with a warning for each reading and not for each call", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const clock = new ManualClock();
    const loads = [(): number => NaN, () => 2, () => { throw new Error("broken"); }, () => -1]; // prettier-ignore
    const layer = loadShedding({ load: () => loads.shift()?.() ?? 0, sampleMs: 10, clock });
    const service = layer(work);
    const ends: unknown[] = [];
    for (let index = 0; index < 4; index += 1) {
      ends.push(await fate(service("", {})), await fate(service("", {})));
      clock.advance(10);
    }
    expect(ends.map((end) => (end === "done" ? "." : "x")).join("")).toBe("..xxxxxx");
    expect(warned.mock.calls.map(([warning]) => String(warning))).toEqual([
      "RangeError: load() must be a number from 0 to Infinity, got NaN",
      "Error: broken",
      "RangeError: load() must be a number from 0 to Infinity, got -1",
    ]);
    expect(layer.stats.load).toBe(2);
    warned.mockRestore();
  });

  it("passes the inner promise itself, and ends a call that was aborted with its reason", async () => {
    const promise = Promise.resolve(1);
    const layer = loadShedding({ load: () => 0 });
    expect(layer(() => promise)("", {})).toBe(promise);
    const inner = vi.fn(work);
    expect(await fate(layer(inner)("", { signal: AbortSignal.abort("gone") }))).toBe("gone");
    expect(inner).not.toHaveBeenCalled();
    expect(layer.stats).toEqual({ load: 0, admitted: 1, shed: 0 });
    expect(await (layer(work) as (input: string) => Promise<string>)("without a call")).toBe("done");
  });

  it("counts on a meter, and replaces random numbers that are none", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const counted: unknown[] = [];
    const counter: Meter["counter"] = (name, { attributes } = {}) => ({ add: (amount) => counted.push([name, attributes, amount]) });
    const meter: Meter = { counter, histogram: () => ({ record: () => undefined }), gauge: () => () => undefined };
    const service = loadShedding({ load: () => 0.9, meter, random: () => NaN })(work);
    await service("", { priority: 0 });
    const error = await fate(service("", { priority: 3 }));
    expect((error as ShedError).retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(counted).toEqual([
      ["breakwater.load_shedding.calls", { outcome: "admitted" }, 1],
      ["breakwater.load_shedding.calls", { outcome: "shed" }, 1],
    ]);
    warned.mockRestore();
  });

  it("is a Guard, describes itself, reads its options once and refuses wrong ones", async () => {
    const load = (): number => 0.6;
    const thresholds = [1, 0.5];
    const layer = loadShedding({ load, thresholds });
    thresholds[1] = 1;
    expect(await fate(layer(work)("", { priority: 1 }))).toBeInstanceOf(ShedError);
    expectTypeOf(layer).toEqualTypeOf<LoadSheddingLayer>();
    expectTypeOf(layer).toExtend<Guard>();
    expectTypeOf<ShedError["code"]>().toEqualTypeOf<"ERR_SHED">();
    expect(descriptionOf(loadShedding({ load, name: "front" }))).toEqual({ kind: "load-shedding", name: "front" });
    const wrong: [Partial<LoadSheddingOptions>, string][] = [
      [{ load: 1 as never }, "load must be a function, got number"],
      [{ startAt: 1 }, "startAt must be a number from 0 to"],
      [{ priorities: 0 }, "priorities must be a whole number from 1 to 1000, got 0"],
      [{ thresholds: [] }, "thresholds must be a list of at least one"],
      [{ thresholds: [0.5, 0.6] }, "thresholds[1] must be a number from 0 to 0.5, got 0.6"],
      [{ thresholds: [0.5], startAt: 0.5 }, "thresholds must not be given with startAt or priorities"],
      [{ defaultPriority: 4 }, "defaultPriority must be a whole number from 0 to 3, got 4"],
      [{ sampleMs: -1 }, "sampleMs must be a number from 0 to Infinity, got -1"],
      [{ retryAfterMs: Infinity }, "retryAfterMs must be a number from 0"],
      [{ random: 1 as never }, "random must be a function, got number"],
    ];
    for (const [options, message] of wrong) expect(() => loadShedding({ load, ...options })).toThrow(message);
  });
});
