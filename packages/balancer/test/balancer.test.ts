import { descriptionOf, isRejected, RejectedError } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import { Balancer, roundRobin, type NoEndpointError } from "@breakwater/balancer";
import { describe, expect, it, vi } from "vitest";
import { letters, order, statsOf, world } from "./helpers.ts";

describe("picks", () => {
  it("an empty list refuses with a typed error, and says so", async () => {
    const balancer = new Balancer<string>({ name: "none" });
    const heard: NoEndpointError[] = [];
    balancer.on("rejected", ({ error }) => heard.push(error));
    expect(() => balancer.pick()).toThrow(expect.objectContaining({ code: "ERR_NO_ENDPOINT", reason: "no-endpoint", source: "none" }));
    const work = vi.fn();
    const error: unknown = await balancer.run(work).catch((reason: unknown) => reason);
    expect(isRejected(error)).toBe(true);
    expect(work).not.toHaveBeenCalled();
    expect(heard).toHaveLength(2);
    expect(balancer.stats.rejections).toBe(2);
    expect(balancer.health.status).toBe("UNHEALTHY");
  });

  it("one endpoint is the one, whatever its load", () => {
    const { balancer } = world(1);
    for (let i = 0; i < 10; i += 1) expect(balancer.pick().value).toBe("a");
    expect(balancer.stats.pending).toBe(10);
  });

  it("a pick is settled once: what is said after that changes nothing", () => {
    const { balancer } = world(1);
    const pick = balancer.pick();
    pick.failure(new Error("down"));
    pick.success();
    pick.release();
    pick.cancel();
    pick[Symbol.dispose]();
    expect(statsOf(balancer, "a")).toMatchObject({ pending: 0, picks: 1, successes: 0, failures: 1, neutrals: 0 });
  });

  it("a random that breaks its contract still picks one", () => {
    for (const bad of [1, NaN, -1, Infinity]) {
      const { balancer } = world(3, { random: () => bad });
      expect(["a", "b", "c"]).toContain(balancer.pick().value);
    }
  });

  it("where nothing needs the time no clock is read", () => {
    const clock = { now: vi.fn(() => 0), setTimer: vi.fn() };
    const balancer = new Balancer({ endpoints: letters(3), policy: roundRobin(), ejection: false, clock });
    clock.now.mockClear();
    expect(order(balancer, 4)).toBe("abca");
    expect(clock.now).not.toHaveBeenCalled();
  });
});

describe("run", () => {
  it("hands the value and the call to the work, and passes on what it answers", async () => {
    const { balancer } = world(1);
    const call = { priority: 3 };
    await expect(balancer.run((value, given) => [value, given === call], call)).resolves.toEqual(["a", true]);
    await expect(balancer.run(async (value) => value)).resolves.toBe("a");
  });

  it("is in flight exactly until the call ends: by a value, an error, a sync throw, an abort, a timeout", async () => {
    const { balancer, clock } = world(1);
    const error = new Error("its own");
    await balancer.run(() => 1);
    await expect(balancer.run(() => Promise.reject(error))).rejects.toBe(error);
    await expect(balancer.run(() => { throw error; })).rejects.toBe(error);
    expect(statsOf(balancer, "a")).toMatchObject({ pending: 0, successes: 1, failures: 2 });

    const controller = new AbortController();
    const reason = { left: true };
    const aborted = balancer.run((_, { signal }) => new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason))), { signal: controller.signal });
    expect(balancer.stats.pending).toBe(1);
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    expect(statsOf(balancer, "a")).toMatchObject({ pending: 0, neutrals: 1 });

    const late = balancer.run(() => new Promise((_resolve, reject) => clock.setTimer(() => reject(new Error("timeout")), 50)));
    const refused = expect(late).rejects.toThrow("timeout");
    expect(balancer.stats.pending).toBe(1);
    await clock.advanceAsync(50);
    await refused;
    expect(statsOf(balancer, "a")).toMatchObject({ pending: 0, failures: 3, picks: 5 });
  });

  it("a refusal from inside says nothing about the endpoint", async () => {
    const { balancer, clock } = world(1, { ejection: { consecutiveFailures: 1 } });
    await balancer.run(() => clock.advance(20));
    const { load } = statsOf(balancer, "a");
    await balancer.run(() => Promise.reject(new RejectedError("ERR_MINE", "no", { reason: "mine" }))).catch(() => undefined);
    expect(statsOf(balancer, "a")).toMatchObject({ load, neutrals: 1, failures: 0 });
  });

  it("classify judges values and errors, and its own error is only a warning", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const { balancer } = world(1, {
      classify: (result) => {
        if (result.status === "rejected") throw new Error("bug");
        return result.value === 503 ? "failure" : undefined;
      },
    });
    await expect(balancer.run(() => 503)).resolves.toBe(503);
    await balancer.run(() => 200);
    await balancer.run(() => Promise.reject(new Error("down"))).catch(() => undefined);
    expect(statsOf(balancer, "a")).toMatchObject({ successes: 1, failures: 2 });
    expect(warned).toHaveBeenCalledOnce();
    warned.mockRestore();
  });
});

describe("layer", () => {
  it("provides the endpoint to what is inside, also to who leaves the call out", async () => {
    const { balancer } = world(1, { name: "db" });
    const service = balancer.layer(async (input: number, { endpoint }) => `${endpoint}${input}`);
    await expect(service(1, {})).resolves.toBe("a1");
    await expect((service as (input: number) => Promise<string>)(2)).resolves.toBe("a2");
    expect(statsOf(balancer, "a")).toMatchObject({ successes: 2, pending: 0 });
    expect(descriptionOf(balancer.layer)).toEqual({ kind: "balancer", name: "db" });
  });

  it("leaves the caller's call as it is", async () => {
    const { balancer } = world(1);
    const call = Object.freeze({ priority: 1 });
    await balancer.layer(async (_: null, given) => expect(given).toEqual({ priority: 1, endpoint: "a" }))(null, call);
    expect(call).toEqual({ priority: 1 });
  });
});

describe("options", () => {
  it.each<[string, object]>([
    ["panicRatio", { panicRatio: 2 }],
    ["policy.strategy", { policy: {} }],
    ["random", { random: 4 }],
    ["classify", { classify: 4 }],
    ["isLongPoll", { isLongPoll: true }],
    ["weight of a", { endpoints: [{ key: "a", value: 1, weight: -1 }] }],
    ["keys of their own", { endpoints: [{ key: "a", value: 1 }, { key: "a", value: 2 }] }],
    ["key must be a string", { endpoints: [{ key: 1, value: 1 }] }],
    ["slowStart.windowMs", { slowStart: { windowMs: 0 } }],
    ["slowStart.aggression", { slowStart: { windowMs: 1, aggression: 0 } }],
    ["zone.own", { zone: {} }],
    ["zone.trafficShare", { zone: { own: "x", trafficShare: 0 } }],
    ["ejection.consecutiveFailures", { ejection: { consecutiveFailures: 0 } }],
    ["ejection.successRate.minEndpoints", { ejection: { successRate: { minEndpoints: 1 } } }],
    ["ejection.failureRatio.ratio", { ejection: { failureRatio: { ratio: 0 } } }],
    ["ejection.maxEjectedRatio", { ejection: { maxEjectedRatio: 1.5 } }],
  ])("a wrong one is refused at construction: %s", (words, options) => {
    expect(() => new Balancer(options)).toThrow(words);
  });

  it("the caller's objects are copied: changing them afterwards changes nothing", () => {
    const endpoint = { key: "a", value: "a", weight: 1 };
    const endpoints = [endpoint];
    const balancer = new Balancer({ endpoints, clock: new ManualClock() });
    endpoint.value = "z";
    endpoints.length = 0;
    expect(balancer.pick().endpoint).toEqual({ key: "a", value: "a", weight: 1, zone: undefined });
  });
});
