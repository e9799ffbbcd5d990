import { stat } from "node:fs/promises";
import { systemClock } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { Deadline, Timeout } from "@breakwater/deadline";
import { describe, expect, it } from "vitest";
import { deaf, Held, makeTimeout, watch } from "./helpers.ts";

describe("the timer", () => {
  it("is one for all calls, and keeps the process alive while one of them waits", async () => {
    const { timeout, clock } = makeTimeout();
    const works = Array.from({ length: 1_000 }, () => new Held<number>());
    const runs = works.map(({ work }) => timeout.run(work));
    expect(clock.pendingTimers).toBe(1);
    expect(clock.pendingRefTimers).toBe(1);
    for (const { resolve } of works) resolve(1);
    await Promise.all(runs);
    expect(clock.pendingRefTimers).toBe(0);
  });

  it("is set once for many calls one after the other", async () => {
    class CountingClock extends ManualClock {
      timers = 0;
      override setTimer(callback: () => void, delayMs: number): ReturnType<ManualClock["setTimer"]> {
        this.timers += 1;
        return super.setTimer(callback, delayMs);
      }
    }
    const clock = new CountingClock();
    const timeout = new Timeout({ timeoutMs: 5_000, clock });
    for (let i = 0; i < 100; i += 1) await timeout.run(() => Promise.resolve(1));
    expect(clock.timers).toBe(1);
    for (let i = 0; i < 100; i += 1) {
      await timeout.run(() => Promise.resolve(1));
      await clock.advanceAsync(100);
    }
    expect(clock.timers).toBeLessThanOrEqual(11); // one a second
  });

  it("is gone a second after the last call, and keeps no process alive until then", async () => {
    const { timeout, clock } = makeTimeout();
    for (let i = 0; i < 3; i += 1) {
      await timeout.run(() => Promise.resolve(1));
      expect(clock.pendingRefTimers).toBe(0);
      expect(clock.pendingTimers).toBeLessThanOrEqual(1);
      await clock.advanceAsync(400);
    }
    await clock.advanceAsync(2_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it("keeps the process alive again for a call after a pause", async () => {
    const { timeout, clock } = makeTimeout();
    await timeout.run(() => Promise.resolve(1));
    const run = watch(timeout.run(new Held().work));
    expect(clock.pendingRefTimers).toBe(1);
    await clock.advanceAsync(1_200);
    expect(run.error).toMatchObject({ code: "ERR_TIMEOUT" });
  });

  it("does not exist for Infinity, and takes more than 2^31-1 ms", async () => {
    const forever = makeTimeout({ timeoutMs: Infinity });
    const run = watch(forever.timeout.run(new Held().work));
    expect(forever.clock.pendingTimers).toBe(0);
    await forever.clock.advanceAsync(1e12);
    expect(run.status).toBe("pending");

    const long = makeTimeout({ timeoutMs: 2 ** 31 + 10, mode: "aggressive" });
    const late = watch(long.timeout.run(new Held().work));
    await long.clock.advanceAsync(2 ** 31 + 9);
    expect(late.status).toBe("pending");
    await long.clock.advanceAsync(1);
    expect(late.status).toBe("rejected");
  });

  it("of the system neither fires at once for Infinity nor for 3e9 ms", async () => {
    for (const timeoutMs of [Infinity, 3e9]) {
      for (const bounded of [new Timeout({ timeoutMs }), new Deadline({ timeoutMs })]) {
        const work = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, 5, "value"));
        expect(await bounded.run(work)).toBe("value");
      }
    }
  });

  it("that fires early does not end a call early", async () => {
    class EarlyClock extends ManualClock {
      override setTimer(callback: () => void, delayMs: number): ReturnType<ManualClock["setTimer"]> {
        return super.setTimer(callback, delayMs > 2 ? delayMs - 2 : delayMs);
      }
    }
    const clock = new EarlyClock();
    const timeout = new Timeout({ timeoutMs: 100, mode: "aggressive", clock });
    const run = watch(timeout.run(new Held().work));
    await clock.advanceAsync(99);
    expect(run.status).toBe("pending");
    await clock.advanceAsync(1);
    expect(run.status).toBe("rejected");
  });

  it("serves calls of different deadlines, each at its own time", async () => {
    const clock = new ManualClock();
    const deadline = new Deadline({ clock });
    const runs = [300, 100, 200].map((deadlineAt) => watch(deadline.run(new Held().work, { deadlineAt })));
    await clock.advanceAsync(100);
    expect(runs.map(({ status }) => status)).toEqual(["pending", "rejected", "pending"]);
    await clock.advanceAsync(100);
    expect(runs.map(({ status }) => status)).toEqual(["pending", "rejected", "rejected"]);
    await clock.advanceAsync(100);
    expect(runs.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  });
});

describe("an event loop that was blocked", () => {
  it("takes answers that arrived meanwhile before it fails a call", async () => {
    const { timeout, clock } = makeTimeout({ mode: "aggressive" });
    const answered = watch(timeout.run(deaf(clock, 50, "answer")));
    const silent = watch(timeout.run(new Held().work));
    clock.jump(130); // both timers are due, and fire together
    await clock.advanceAsync(0);
    expect(answered).toMatchObject({ status: "fulfilled", value: "answer" });
    expect(silent.error).toMatchObject({ code: "ERR_TIMEOUT" });
    expect(timeout.stats.timeouts).toBe(1);
  });

  it("takes an answer that is read in the turn after the timer", async () => {
    const { timeout, clock } = makeTimeout({ mode: "aggressive" });
    const held = new Held<string>();
    const run = watch(timeout.run(held.work));
    clock.setTimer(() => clock.setTimer(() => held.resolve("answer"), 0), 100); // the loop's next turn
    await clock.advanceAsync(100);
    expect(run).toMatchObject({ status: "fulfilled", value: "answer" });
  });

  it("gives one who joins the second look of others a whole turn of its own", async () => {
    const clock = new ManualClock();
    const deadline = new Deadline({ clock });
    const first = watch(deadline.run(new Held().work, { deadlineAt: 100 }));
    const held = new Held<string>();
    clock.setTimer(() => clock.jump(5), 100); // behind the first one's timer: the turn takes so long
    const second = watch(deadline.run(held.work, { deadlineAt: 103 }));
    clock.setTimer(() => clock.setTimer(() => held.resolve("answer"), 0), 103);
    await clock.advanceAsync(110);
    expect(first.error).toMatchObject({ code: "ERR_TIMEOUT" });
    expect(second).toMatchObject({ status: "fulfilled", value: "answer" });
  });

  it("gives the grace its second look as well", async () => {
    const { timeout, clock } = makeTimeout({ graceMs: 50 });
    const run = watch(timeout.run(deaf(clock, 120, "late")));
    await clock.advanceAsync(100);
    clock.jump(60);
    await clock.advanceAsync(0);
    expect(run.error).toMatchObject({ code: "ERR_TIMEOUT" });
    expect(timeout.stats).toMatchObject({ lateResults: 1, abandoned: 0 });
  });

  it("does not turn into a false timeout on the platform: a file is found while the loop is busy", async () => {
    const timeout = new Timeout({ timeoutMs: 15, mode: "aggressive" });
    const path = new URL(import.meta.url);
    await stat(path); // warm
    const run = timeout.run(() => stat(path));
    const end = systemClock.now() + 30;
    while (systemClock.now() < end); // blocks the loop, not the thread that looks
    expect((await run).isFile()).toBe(true);
  });
});

describe("a clock that stands still", () => {
  it("times nothing out", async () => {
    const { timeout, clock } = makeTimeout();
    const run = watch(timeout.run(new Held().work));
    await settled();
    expect(run.status).toBe("pending");
    clock.jump(-500); // backwards, against its contract
    await clock.advanceAsync(500);
    expect(run.status).toBe("pending");
  });
});
