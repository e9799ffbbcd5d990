import { settled } from "@breakwater/core/testing";
import type { TimeoutMode } from "@breakwater/deadline";
import { describe, expect, it } from "vitest";
import { countListeners, deaf, Held, makeDeadline, makeTimeout, obedient, watch } from "./helpers.ts";

const modes: readonly TimeoutMode[] = ["cooperative", "aggressive"];

describe.each(modes)("the caller's abort, %s", (mode) => {
  it("keeps its own reason, whatever it is, and is no timeout", async () => {
    for (const reason of [new Error("stop"), "a text", null, { code: 7 }]) {
      const { timeout, clock } = makeTimeout({ mode });
      let timeouts = 0;
      timeout.on("timedOut", () => (timeouts += 1));
      const controller = new AbortController();
      const run = watch(timeout.run(obedient(clock, 500, 1), controller));
      await clock.advanceAsync(50);
      controller.abort(reason);
      await settled();
      expect(run).toMatchObject({ status: "rejected", error: reason });
      await clock.advanceAsync(10_000);
      expect(timeouts).toBe(0);
      expect(timeout.stats).toMatchObject({ timeouts: 0, neutrals: 1, failures: 0, running: 0 });
    }
  });

  it("reaches the signal of the work, with its reason", async () => {
    const { timeout } = makeTimeout({ mode });
    const held = new Held();
    const controller = new AbortController();
    watch(timeout.run(held.work, controller));
    const { signal } = held;
    expect(signal).not.toBe(controller.signal);
    controller.abort("gone");
    expect(signal.reason).toBe("gone");
    held.reject("gone");
    await settled();
  });

  it("wins over the timeout when both happen in one turn", async () => {
    const { timeout, clock } = makeTimeout({ mode });
    const controller = new AbortController();
    clock.setTimer(() => controller.abort("gone"), 100); // before the timeout's timer
    const first = watch(timeout.run(obedient(clock, 500, 1), controller));
    await clock.advanceAsync(100);
    expect(first.error).toBe("gone");

    const later = new AbortController();
    const second = watch(timeout.run(obedient(clock, 500, 1), later));
    clock.setTimer(() => later.abort("gone too"), 100); // after it
    clock.advance(100); // and nothing between
    await settled();
    expect(second.error).toBe("gone too");
    expect(timeout.stats.timeouts).toBe(0);
  });

  it("wins also when a listener that hears of it first lets the time pass", async () => {
    for (const takes of [obedient, deaf]) {
      const { timeout, clock } = makeTimeout({ mode, graceMs: 10 });
      const controller = new AbortController();
      controller.signal.addEventListener("abort", () => clock.advance(200));
      const run = watch(timeout.run(takes(clock, 500, 1), controller));
      controller.abort("gone");
      await clock.advanceAsync(50);
      expect(run.error).toBe("gone");
      expect(timeout.stats.timeouts).toBe(0);
    }
  });

  it("before the call starts no work", async () => {
    const { timeout } = makeTimeout({ mode });
    const { deadline } = makeDeadline({ mode, timeoutMs: 100 });
    for (const bounded of [timeout, deadline]) {
      let started = 0;
      const run = watch(bounded.run(() => (started += 1), { signal: AbortSignal.abort("gone") }));
      await settled();
      expect(run.error).toBe("gone");
      expect(started).toBe(0);
      expect(bounded.stats).toMatchObject({ neutrals: 1, running: 0 });
    }
  });

  it("by the work itself, before it answers, is heard", async () => {
    const { timeout, clock } = makeTimeout({ mode, graceMs: 10 });
    const controller = new AbortController();
    const run = watch(
      timeout.run(() => {
        controller.abort("from within");
        return new Promise(() => undefined);
      }, controller),
    );
    await clock.advanceAsync(10);
    expect(run.error).toBe("from within");
    expect(clock.pendingRefTimers).toBe(0);
  });

  it("after a timeout changes nothing", async () => {
    const { timeout, clock } = makeTimeout({ mode });
    const controller = new AbortController();
    const run = watch(timeout.run(deaf(clock, 300, 1), controller));
    await clock.advanceAsync(150);
    controller.abort("gone");
    await clock.advanceAsync(5_000);
    expect(run.error).toMatchObject({ code: "ERR_TIMEOUT" });
  });

  it("leaves no listener and no timer, also when one signal is used 10,000 times", async () => {
    const { timeout, clock } = makeTimeout({ mode, graceMs: 50 });
    const { signal } = new AbortController();
    const listeners = countListeners(signal);
    for (let i = 0; i < 10_000; i += 1) {
      const works = [() => Promise.resolve(1), () => 1, () => Promise.reject(new Error("no")), () => new Promise(() => undefined)] as const;
      await Promise.race([timeout.run(works[i % 4] ?? works[0], { signal }).catch(() => undefined), Promise.resolve()]);
      if (i % 1_000 === 999) await clock.advanceAsync(200);
    }
    await clock.advanceAsync(200);
    expect(listeners.most).toBe(1);
    expect(listeners.left).toBe(0);
    expect(clock.pendingRefTimers).toBe(0);
    await clock.advanceAsync(2_000);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("the caller's abort, aggressive", () => {
  it("answers at once, and what comes late is disposed of", async () => {
    const disposed: unknown[] = [];
    const { timeout, clock } = makeTimeout<number>({ mode: "aggressive", dispose: (value) => void disposed.push(value) });
    const controller = new AbortController();
    const run = watch(timeout.run(deaf(clock, 80, 7), controller));
    controller.abort("gone");
    await settled();
    expect(run.error).toBe("gone");
    await clock.advanceAsync(80);
    expect(disposed).toEqual([7]);
    expect(timeout.stats).toMatchObject({ lateResults: 1, neutrals: 1, abandoned: 0 });
  });
});

describe("the caller's abort, cooperative", () => {
  it("passes through what the work answers to it, value or error", async () => {
    const { timeout } = makeTimeout();
    const controller = new AbortController();
    const works = [new Held<string>(), new Held<string>()] as const;
    const runs = works.map(({ work }) => watch(timeout.run(work, controller)));
    controller.abort("gone");
    works[0].resolve("done all the same");
    works[1].reject("rolled back");
    await settled();
    expect(runs).toMatchObject([{ value: "done all the same" }, { error: "rolled back" }]);
    expect(timeout.stats).toMatchObject({ successes: 1, neutrals: 1, failures: 0 });
  });

  it("waits for the work no longer than the grace", async () => {
    const { timeout, clock } = makeTimeout({ graceMs: 50 });
    const abandoned: unknown[] = [];
    timeout.on("abandoned", (event) => abandoned.push(event));
    const controller = new AbortController();
    const run = watch(timeout.run(new Held().work, controller));
    controller.abort("gone");
    await clock.advanceAsync(49);
    expect(run.status).toBe("pending");
    await clock.advanceAsync(1);
    expect(run.error).toBe("gone");
    expect(abandoned).toEqual([{ graceMs: 50, error: "gone" }]);
    await clock.advanceAsync(1_000);
    expect(timeout.stats).toMatchObject({ timeouts: 0, neutrals: 1, abandoned: 1 });
  });

  it("just before the time is over has the whole grace", async () => {
    for (const graceMs of [50, Infinity]) {
      const { timeout, clock } = makeTimeout({ graceMs });
      const controller = new AbortController();
      const run = watch(timeout.run(deaf(clock, 140, "value"), controller));
      clock.setTimer(() => controller.abort("gone"), 100); // behind the timeout's own, before its second look
      await clock.advanceAsync(149);
      expect(run).toMatchObject({ status: "fulfilled", value: "value" });
    }
  });
});
