import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { ManualClock, settled } from "@breakwater/core/testing";
import { injectLatency, weighted } from "@breakwater/chaos";
import { describe, expect, it } from "vitest";
import { echo, fate } from "./helpers.ts";

describe("injected latency", () => {
  it("begins the work when the time is over, and not before", async () => {
    const clock = new ManualClock();
    const { service, calls } = echo();
    const slow = injectLatency({ rate: 1, latencyMs: 100, clock })(service);
    const call = {};
    const answer = slow("a", call);
    await clock.advanceAsync(99);
    expect(calls).toEqual([]);
    await clock.advanceAsync(1);
    expect(await answer).toBe("did a");
    expect(calls[0]?.[1]).toBe(call);
    expect(clock.pendingTimers).toBe(0);
  });

  it("ends at once when the caller aborts, with the signal's own reason, and the work is not called", async () => {
    const clock = new ManualClock();
    const { service, calls } = echo();
    const controller = new AbortController();
    const reason = { code: "gone" };
    const ended = fate(injectLatency({ rate: 1, latencyMs: 100, clock })(service)("a", { signal: controller.signal }));
    await settled();
    controller.abort(reason);
    expect(await ended).toBe(reason);
    expect(clock.pendingTimers).toBe(0);
    await clock.advanceAsync(200);
    expect(calls).toEqual([]);
  });

  it("does not begin the work for a caller who aborts in the turn in which the time is over", async () => {
    const clock = new ManualClock();
    const { service, calls } = echo();
    const controller = new AbortController();
    const ended = fate(injectLatency({ rate: 1, latencyMs: 100, clock })(service)("a", { signal: controller.signal }));
    await settled();
    clock.advance(100);
    controller.abort("just now");
    expect(await ended).toBe("just now");
    expect(calls).toEqual([]);
  });

  it("ends at once for a caller who is made to abort by a listener, or by the function that is asked how long", async () => {
    const clock = new ManualClock();
    const { service, calls } = echo();
    for (const by of ["a listener", "the function"]) {
      const controller = new AbortController();
      const abort = (who: string): number => {
        if (who === by) controller.abort(by);
        return Infinity;
      };
      const layer = injectLatency({ rate: 1, latencyMs: () => abort("the function"), clock });
      layer.on("injected", () => abort("a listener"));
      const ended = fate(layer(service)("a", { signal: controller.signal }));
      expect(await Promise.race([ended, settled()])).toBe(by);
      expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    }
    expect(calls).toEqual([]);
  });

  it("leaves no timer and no listener behind, however it ends, and has one of each for all calls", async () => {
    const clock = new ManualClock();
    const { signal } = new AbortController();
    const leaver = new AbortController();
    const slow = injectLatency({ rate: 1, latencyMs: (input: string) => Number(input), clock })(echo().service);
    const ended = Promise.all([...["30", "10", "20"].map((ms) => slow(ms, { signal })), fate(slow("5", { signal: leaver.signal }))]);
    await settled();
    expect(clock.pendingTimers).toBe(1);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    leaver.abort("left");
    await clock.advanceAsync(30);
    expect(await ended).toEqual(["did 30", "did 10", "did 20", "left"]);
    expect(clock.pendingTimers).toBe(0);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    expect(getEventListeners(leaver.signal, "abort")).toHaveLength(0);
  });

  it("keeps the process alive while somebody waits for it", async () => {
    const clock = new ManualClock();
    const answer = injectLatency({ rate: 1, latencyMs: 10, clock })(echo().service)("a", {});
    await settled();
    expect(clock.pendingRefTimers).toBe(1);
    await clock.advanceAsync(10);
    await answer;
  });

  it("goes on past the call's deadline, as a slow dependency would", async () => {
    const clock = new ManualClock();
    const answer = injectLatency({ rate: 1, latencyMs: 100, clock })(echo().service)("a", { deadlineAt: 10 });
    await clock.advanceAsync(100);
    expect(await answer).toBe("did a");
  });

  it("of Infinity hangs without a timer until the caller aborts; a month is a month", async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const hang = fate(injectLatency({ rate: 1, latencyMs: Infinity, clock })(echo().service)("a", { signal: controller.signal }));
    const month = injectLatency({ rate: 1, latencyMs: 2 ** 32, clock })(echo().service)("a", {});
    let isOver = false;
    void month.then(() => (isOver = true));
    await clock.advanceAsync(2 ** 32 - 1);
    expect(isOver).toBe(false);
    await clock.advanceAsync(1);
    expect(await month).toBe("did a");
    expect(clock.pendingTimers).toBe(0);
    controller.abort("enough");
    expect(await hang).toBe("enough");
  });

  it("of 0 sets no timer", async () => {
    const clock = new ManualClock();
    const layer = injectLatency({ rate: 1, latencyMs: 0, clock });
    expect(await layer(echo().service)("a", {})).toBe("did a");
    expect(layer.stats.injected).toBe(1);
  });

  it("lies between two, is what a function says, or one of several", async () => {
    const drawn = async (options: Pick<Parameters<typeof injectLatency>[0], "latencyMs">, random: () => number): Promise<number> => {
      const clock = new ManualClock();
      const layer = injectLatency({ ...options, rate: 1, random, clock });
      let latencyMs = -1;
      layer.on("injected", (event) => (latencyMs = event.kind === "latency" ? event.latencyMs : -1));
      const answer = layer(echo().service)("a", {});
      await clock.advanceAsync(1_000);
      await answer;
      return latencyMs;
    };
    expect(await drawn({ latencyMs: { min: 100, max: 200 } }, () => 0)).toBe(100);
    expect(await drawn({ latencyMs: { min: 100, max: 200 } }, () => 0.25)).toBe(125);
    expect(await drawn({ latencyMs: (input) => String(input).length }, () => 0)).toBe(1);
    const tail = weighted([{ weight: 9, value: 20 }, { weight: 1, value: { min: 500, max: 700 } }]);
    expect(await drawn({ latencyMs: tail }, () => 0.8)).toBe(20);
    expect(await drawn({ latencyMs: tail }, () => 0.9)).toBe(680);
  });

  it("begins the work in the caller's own async context, though one timer serves all", async () => {
    const clock = new ManualClock();
    const context = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const slow = injectLatency({ rate: 1, latencyMs: 10, clock })(async (input: string) => void seen.push([input, context.getStore()]));
    const calls = ["ann", "bob"].map((user) => context.run(user, () => slow(user, {})));
    await clock.advanceAsync(10);
    await Promise.all(calls);
    expect(seen).toEqual([["ann", "ann"], ["bob", "bob"]]);
  });

  it("passes the work's own errors through, sync ones too", async () => {
    const fault = new Error("the work's own");
    const layer = injectLatency({ rate: 1, latencyMs: 0 });
    expect(await fate(layer(() => Promise.reject(fault))("a", {}))).toBe(fault);
    const throwing = (): never => {
      throw fault;
    };
    expect(await fate(layer(throwing)("a", {}))).toBe(fault);
  });

  it("can go round a piece of work, and be decided alone", async () => {
    const clock = new ManualClock();
    const layer = injectLatency({ rate: 1, latencyMs: 10, clock });
    const answer = layer.run((call) => call.priority, { priority: 3 });
    await clock.advanceAsync(10);
    expect(await answer).toBe(3);
    expect(layer.draw()).toBe(true);
    expect(layer.stats).toEqual({ calls: 2, injected: 1 });
    const idle = injectLatency({ rate: 0, latencyMs: 10 });
    expect(await idle.run(() => "at once")).toBe("at once");
    expect(idle.draw()).toBe(false);
    const fault = new Error("sync");
    const throwing = (): never => {
      throw fault;
    };
    expect(await fate(idle.run(throwing))).toBe(fault);
  });

  it("takes a service that is called without a call", async () => {
    const { service, calls } = echo();
    const layer = injectLatency({ rate: 1, latencyMs: 0, when: (input) => input === "a" })(service) as (input: string) => Promise<string>;
    expect(await layer("a")).toBe("did a");
    expect(await layer("b")).toBe("did b");
    expect(calls.map(([, call]) => call)).toEqual([{}, {}]);
  });
});
