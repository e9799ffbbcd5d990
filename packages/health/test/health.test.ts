import { RejectedError } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { Health, strictThresholds, type CheckOptions, type HealthChange, type HealthOptions } from "@breakwater/health";
import { describe, expect, it, vi } from "vitest";
import { FakeMeter, feed, times } from "./helpers.ts";

function setup(options: HealthOptions = {}) {
  const clock = new ManualClock(1000);
  const health = new Health({ clock, ...options });
  const changes: HealthChange[] = [];
  const listen = () => health.on("changed", (change) => changes.push(change));
  return { clock, health, changes, listen };
}

describe("the windowed error rate", () => {
  it("is UNKNOWN before the first sample, with an error rate of 0", () => {
    const { health } = setup();
    expect(health.status).toBe("UNKNOWN");
    expect(health.report).toEqual({
      status: "UNKNOWN",
      reason: "no verdict on the error rate yet: 0 calls in the last 60 s, 20 needed for a verdict",
      windowStatus: "UNKNOWN",
      errorRate: 0,
      total: 0,
      failures: 0,
      checks: {},
      contributions: {},
    });
  });

  it("stays UNKNOWN at low volume, even if every call fails", () => {
    const { health } = setup();
    feed(health, 0, 19);
    expect(health.status).toBe("UNKNOWN");
    feed(health, 0, 1);
    expect(health.status).toBe("UNHEALTHY");
  });

  it("is DEGRADED from 5 % on and UNHEALTHY from 20 % on", () => {
    const { health } = setup();
    feed(health, 96, 4);
    expect(health.status).toBe("HEALTHY");
    feed(health, 0, 2);
    expect(health.report).toMatchObject({ status: "DEGRADED", total: 102, failures: 6 });
    feed(health, 0, 17);
    expect(health.report).toMatchObject({ status: "DEGRADED", total: 119, failures: 23 });
    feed(health, 0, 1);
    expect(health.report).toMatchObject({ status: "UNHEALTHY", total: 120, failures: 24 });
  });

  it("is stricter by a preset: DEGRADED from 1 % on and UNHEALTHY from 5 % on", () => {
    const { health } = setup({ ...strictThresholds });
    feed(health, 199, 1);
    expect(health.status).toBe("HEALTHY");
    feed(health, 0, 1);
    expect(health.status).toBe("HEALTHY");
    feed(health, 0, 1);
    expect(health.status).toBe("DEGRADED");
    feed(health, 0, 8);
    expect(health.report).toMatchObject({ status: "UNHEALTHY", total: 210, failures: 11 });
  });

  it("sees an outage after a million good requests, as soon as they have left the window", () => {
    const { health, clock } = setup();
    feed(health, 1_000_000);
    clock.advance(60_000);
    feed(health, 0, 20);
    expect(health.report).toMatchObject({ status: "UNHEALTHY", errorRate: 1, total: 20 });
  });

  it("does not count neutral outcomes, nor words that are no outcome", () => {
    const { health } = setup({ minimumCalls: 1 });
    times(100, () => health.record("neutral"));
    // @ts-expect-error no outcome
    health.record("error");
    expect(health.report).toMatchObject({ status: "UNKNOWN", total: 0, failures: 0 });
  });

  it("keeps its verdict below the volume floor and through an idle gap that empties the window", () => {
    const { health, clock } = setup({ keepVerdictMs: Infinity });
    feed(health, 0, 20);
    clock.jump(1e9);
    expect(health.report).toMatchObject({
      status: "UNHEALTHY",
      total: 0,
      reason: "UNHEALTHY kept from an earlier error rate: 0 calls in the last 60 s, 20 needed for a verdict",
    });
    feed(health, 20);
    expect(health.report).toMatchObject({
      status: "UNHEALTHY",
      reason: "error rate 0 % (0 of 20 calls in the last 60 s), UNHEALTHY until it was below 16 % for 10 s",
    });
    clock.jump(10_000);
    expect(health.report).toMatchObject({ status: "HEALTHY", reason: "error rate 0 % (0 of 20 calls in the last 60 s)" });
  });

  it("counts a sample at the time that the caller read, without reading the clock again", () => {
    const { health, clock } = setup();
    const now = vi.spyOn(clock, "now");
    times(20, () => health.record("success", 1000));
    expect(now.mock.calls.length).toBeLessThan(20);
    clock.jump(59_000);
    expect(health.report).toMatchObject({ total: 0 });
  });

  it("does not read the clock for a neutral outcome", () => {
    const { health, clock } = setup();
    const now = vi.spyOn(clock, "now");
    health.record("neutral");
    expect(now).not.toHaveBeenCalled();
  });

  it("says so when its window is endless", () => {
    const { health, clock } = setup({ windowMs: Infinity });
    feed(health, 19, 1);
    clock.jump(1e12);
    expect(health.report.reason).toBe("error rate 5 % (1 of 20 calls so far)");
  });
});

describe("changes", () => {
  it("are told once per transition, with the status already changed", () => {
    const { health } = setup(strictThresholds);
    const seen: unknown[] = [];
    health.on("changed", (change) => seen.push({ ...change, status: health.status }));
    feed(health, 100);
    feed(health, 0, 2);
    feed(health, 0, 20);
    expect(seen).toEqual([
      { from: "UNKNOWN", to: "HEALTHY", status: "HEALTHY", reason: "error rate 0 % (0 of 20 calls in the last 60 s)" },
      { from: "HEALTHY", to: "DEGRADED", status: "DEGRADED", reason: "error rate 1.96 % (2 of 102 calls in the last 60 s)" },
      { from: "DEGRADED", to: "UNHEALTHY", status: "UNHEALTHY", reason: "error rate 5.66 % (6 of 106 calls in the last 60 s)" },
    ]);
    expect(health.stats).toMatchObject({ status: "UNHEALTHY", transitions: 3, checking: 0 });
  });

  it("by time alone reach a listener, though nobody calls and nobody reads", () => {
    const { health, clock, changes, listen } = setup({ dwellMs: 0 });
    listen();
    feed(health, 0, 20);
    clock.advance(30_000);
    feed(health, 50);
    expect(changes.map(({ to }) => to)).toEqual(["UNHEALTHY"]);
    clock.advance(30_000);
    expect(changes.map(({ to }) => to)).toEqual(["UNHEALTHY", "HEALTHY"]);
  });

  it("by the end of a dwell reach a listener, though the calm began amid a bucket", () => {
    const { health, clock, changes, listen } = setup();
    listen();
    feed(health, 97, 6);
    clock.advance(100);
    feed(health, 100);
    clock.advance(9_999);
    expect(changes.map(({ to }) => to)).toEqual(["HEALTHY", "DEGRADED"]);
    clock.advance(1);
    expect(changes.at(-1)).toEqual({ from: "DEGRADED", to: "HEALTHY", reason: "error rate 2.96 % (6 of 203 calls in the last 60 s)" });
  });

  it("by time alone are found by the next reader when nobody listens, without a timer", () => {
    const { health, clock } = setup({ dwellMs: 0 });
    feed(health, 0, 20);
    clock.advance(30_000);
    feed(health, 50);
    expect(clock.pendingTimers).toBe(0);
    clock.advance(30_000);
    expect(health.status).toBe("HEALTHY");
  });

  it("are heard by one who subscribes after the calls were made", () => {
    const { health, clock, changes, listen } = setup();
    feed(health, 0, 20);
    clock.advance(30_000);
    feed(health, 50);
    listen();
    clock.advance(60_000);
    expect(changes.map(({ to }) => to)).toEqual(["HEALTHY"]);
  });

  it("need a timer only while somebody listens and there is something to forget, and it does not hold the process", () => {
    const { health, clock, listen } = setup();
    const unsubscribe = listen();
    expect(clock.pendingTimers).toBe(0);
    feed(health, 30);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.pendingRefTimers).toBe(0);
    clock.advance(60_000);
    expect(clock.pendingTimers).toBe(0);
    feed(health, 30);
    unsubscribe();
    unsubscribe();
    expect(clock.pendingTimers).toBe(0);
  });

  it("are measured as a gauge and as counts by where they led", () => {
    const meter = new FakeMeter();
    const { health, clock } = setup({ ...strictThresholds, dwellMs: 0, meter, name: "orders" });
    const gauge = meter.gauges.get('breakwater.health.status {"name":"orders"}');
    expect(gauge?.()).toBe(-1);
    feed(health, 100);
    expect(gauge?.()).toBe(0);
    feed(health, 0, 2);
    expect(gauge?.()).toBe(1);
    feed(health, 0, 20);
    expect(gauge?.()).toBe(2);
    clock.jump(60_000);
    feed(health, 20);
    health.drain();
    expect(gauge?.()).toBe(-2);
    expect(Object.fromEntries(meter.counts)).toEqual({
      'breakwater.health.transitions {"name":"orders","to":"HEALTHY"}': 2,
      'breakwater.health.transitions {"name":"orders","to":"DEGRADED"}': 1,
      'breakwater.health.transitions {"name":"orders","to":"UNHEALTHY"}': 1,
      'breakwater.health.transitions {"name":"orders","to":"DRAINING"}': 1,
    });
  });

  it("survive a listener that throws", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { health } = setup({ minimumCalls: 1 });
    const error = new Error("listener");
    health.on("changed", () => {
      throw error;
    });
    await expect(health.run(() => 1)).resolves.toBe(1);
    expect(health.status).toBe("HEALTHY");
    expect(warned).toHaveBeenCalledExactlyOnceWith(error);
    warned.mockRestore();
  });
});

describe("run and layer", () => {
  const ways: [string, (health: Health, work: () => unknown, signal?: AbortSignal) => Promise<unknown>][] = [
    ["run", (health, work, signal) => health.run(work, { signal })],
    // the handler of a layer promises; this one also answers and throws at once, as JavaScript can
    ["layer", (health, work, signal) => health.layer(() => work() as Promise<unknown>)(undefined, { signal })],
  ];

  for (const [way, pass] of ways) {
    describe(way, () => {
      it("counts results, whether plain, promised or from another promise library", async () => {
        const { health } = setup();
        const thenable = { then: (resolve: (value: number) => void) => resolve(3) };
        await expect(pass(health, () => 1)).resolves.toBe(1);
        await expect(pass(health, () => Promise.resolve(2))).resolves.toBe(2);
        await expect(pass(health, () => thenable)).resolves.toBe(3);
        expect(health.report).toMatchObject({ total: 3, failures: 0 });
      });

      it("counts errors, rejected or thrown, and hands on the same error", async () => {
        const { health } = setup();
        const error = new Error("down");
        const { signal } = new AbortController();
        await expect(pass(health, () => Promise.reject(error))).rejects.toBe(error);
        await expect(pass(health, () => Promise.reject(error), signal)).rejects.toBe(error);
        const thrown = pass(health, () => {
          throw error;
        });
        await expect(thrown).rejects.toBe(error);
        expect(health.report).toMatchObject({ total: 3, failures: 3 });
      });

      it("does not count refusals by our own limits, nor calls whose caller went away", async () => {
        const { health } = setup();
        const refusal = new RejectedError("ERR_X", "full", { reason: "full" });
        await expect(pass(health, () => Promise.reject(refusal))).rejects.toBe(refusal);
        const aborted = AbortSignal.abort("gone");
        await expect(pass(health, () => Promise.reject(new Error("late")), aborted)).rejects.toThrow("late");
        expect(health.report).toMatchObject({ total: 0, failures: 0 });
      });
    });
  }

  it("lets a classifier of the user decide, with the call in hand", async () => {
    const classify = vi.fn(() => "success" as const);
    const { health } = setup({ classify });
    const error = new Error("not found");
    const call = { priority: 3 };
    await expect(health.run(() => Promise.reject(error), call)).rejects.toBe(error);
    expect(classify).toHaveBeenCalledExactlyOnceWith(error, call);
    expect(health.report).toMatchObject({ total: 1, failures: 0 });
  });

  it("counts a failure and keeps the caller's error when the classifier throws", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const broken = new Error("classifier");
    const error = new Error("down");
    const { health } = setup({
      classify: () => {
        throw broken;
      },
    });
    await expect(health.run(() => Promise.reject(error))).rejects.toBe(error);
    expect(health.report).toMatchObject({ failures: 1 });
    expect(warned).toHaveBeenCalledExactlyOnceWith(broken);
    warned.mockRestore();
  });
});

describe("options", () => {
  it.each<[HealthOptions, string]>([
    [{ windowMs: 0 }, "windowMs"],
    [{ minimumCalls: 0 }, "minimumCalls"],
    [{ minimumCalls: 1.5 }, "minimumCalls"],
    [{ degradedRatio: 0.21 }, "degradedRatio must be a number from 0 to 0.2, got 0.21"],
    [{ leaveDegradedRatio: 0.06 }, "leaveDegradedRatio must be a number from 0 to 0.05, got 0.06"],
    [{ leaveUnhealthyRatio: 0.21 }, "leaveUnhealthyRatio must be a number from 0 to 0.2, got 0.21"],
    [{ dwellMs: -1 }, "dwellMs"],
    [{ keepVerdictMs: -1 }, "keepVerdictMs"],
    [{ jitterRatio: 0.6 }, "jitterRatio must be a number from 0 to 0.5, got 0.6"],
    [{ contributionIntervalMs: 0 }, "contributionIntervalMs"],
    [{ maxLoopDelayMs: 0 }, "maxLoopDelayMs"],
    [{ checks: { db: { check: () => 1, slowMs: -1 } } }, "checks.db.slowMs"],
    [{ checks: { db: { check: () => 1, failuresToFail: 0 } } }, "checks.db.failuresToFail"],
    [{ checks: { db: { check: () => 1, successesToPass: 1.5 } } }, "checks.db.successesToPass"],
    [{ unhealthyRatio: 1.1 }, "unhealthyRatio"],
    [{ staleAfterMs: NaN }, "staleAfterMs"],
    [{ checks: { db: { check: () => 1, timeoutMs: 0 } } }, "checks.db.timeoutMs"],
    [{ checks: { db: { check: () => 1, intervalMs: -1 } } }, "checks.db.intervalMs"],
  ])("%j is refused by name and value", (options, message) => {
    expect(() => new Health(options)).toThrow(RangeError);
    expect(() => new Health(options)).toThrow(message);
  });

  it("of a wrong type are refused", () => {
    // @ts-expect-error not a function
    expect(() => new Health({ classify: 1 })).toThrow(TypeError);
    // @ts-expect-error a function where an object with `check` belongs
    expect(() => new Health({ checks: { db: (): number => 1 } })).toThrow("checks.db.check must be a function");
    // @ts-expect-error not a boolean
    expect(() => new Health({ checks: { db: { check: () => 1, critical: "no" } } })).toThrow("checks.db.critical");
    // @ts-expect-error not a string
    expect(() => new Health({ checks: { db: { check: () => 1, componentType: 1 } } })).toThrow("checks.db.componentType");
    // @ts-expect-error neither a function nor something with `health`
    expect(() => new Health({ contributions: { orders: {} } })).toThrow("contributions.orders must be");
    // @ts-expect-error neither a function nor something with `health`
    expect(() => new Health({ contributions: { orders: null } })).toThrow(TypeError);
    // @ts-expect-error neither a function nor something with `health`
    expect(() => new Health({ contributions: { orders: { from: null } } })).toThrow(TypeError);
    const from = () => ({ status: "HEALTHY", reason: "fine" }) as const;
    // @ts-expect-error not a boolean
    expect(() => new Health({ contributions: { orders: { from, critical: 1 } } })).toThrow("contributions.orders.critical");
    // @ts-expect-error not a boolean
    expect(() => new Health({ showsOutput: 1 })).toThrow("showsOutput");
    // @ts-expect-error not a function
    expect(() => new Health({ random: 1 })).toThrow("random");
    // @ts-expect-error not a function
    expect(() => new Health({ wallClock: 1 })).toThrow("wallClock");
  });

  it("are read once: changing the object afterwards changes nothing", () => {
    const options = { minimumCalls: 1, checks: {} as Record<string, CheckOptions> };
    const health = new Health(options);
    options.minimumCalls = 1000;
    options.checks.late = { check: () => 1 };
    health.record("success");
    expect(health.report).toMatchObject({ status: "HEALTHY", checks: {} });
  });
});
