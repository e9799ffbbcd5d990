import { setTimeout as sleep } from "node:timers/promises";
import { outcomeOfError } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { Deadline, Timeout, TimeoutError, type TimeoutOptions } from "@breakwater/deadline";
import { describe, expect, it } from "vitest";
import { deaf, Held, makeTimeout, obedient, watch } from "./helpers.ts";

describe("in time", () => {
  it("a value passes through", async () => {
    const { timeout } = makeTimeout();
    expect(await timeout.run(() => Promise.resolve("value"))).toBe("value");
    expect(timeout.stats).toMatchObject({ successes: 1, running: 0 });
  });

  it("an error passes through as it is, thrown or rejected", async () => {
    const { timeout } = makeTimeout();
    const error = new Error("oops");
    await expect(timeout.run(() => Promise.reject(error))).rejects.toBe(error);
    await expect(
      timeout.run(() => {
        throw error;
      }),
    ).rejects.toBe(error);
    expect(timeout.stats).toMatchObject({ failures: 2, running: 0 });
  });

  it("a plain value costs no timer, and has answered however long it took", async () => {
    const { timeout, clock } = makeTimeout();
    const result = timeout.run(() => {
      clock.jump(500);
      return "plain";
    });
    expect(clock.pendingTimers).toBe(0);
    expect(await result).toBe("plain");
  });

  it("a value at the last moment is taken", async () => {
    const { timeout, clock } = makeTimeout();
    const run = watch(timeout.run(deaf(clock, 100, "just")));
    await clock.advanceAsync(100);
    expect(run).toMatchObject({ status: "fulfilled", value: "just" });
    expect(timeout.stats.timeouts).toBe(0);
  });

  it("a promise of a class of its own is followed as any other, also if it calls back at once or throws when it is followed", async () => {
    class Eager extends Promise<string> {
      static override get [Symbol.species](): PromiseConstructor {
        return Promise;
      }
      override then(...args: unknown[]): never {
        (args[0] as (value: string) => void)("at once");
        throw new Error("broken");
      }
    }
    class Broken extends Eager {
      override then(): never {
        throw new Error("broken");
      }
    }
    const { timeout, clock } = makeTimeout();
    const eager: Promise<string> = new Eager(() => undefined);
    const broken: Promise<string> = new Broken(() => undefined);
    expect(await timeout.run(() => eager)).toBe("at once");
    await expect(timeout.run(() => broken)).rejects.toThrow("broken");
    expect(clock.pendingRefTimers).toBe(0);
    await clock.advanceAsync(10_000);
    expect(timeout.stats).toMatchObject({ successes: 1, failures: 1, running: 0, abandoned: 0 });
  });

  it("never aborts the signal after a success", async () => {
    const { timeout, clock } = makeTimeout();
    const held = new Held<string>();
    const run = timeout.run(held.work);
    const { signal } = held;
    held.resolve("done");
    await run;
    await clock.advanceAsync(10_000);
    expect(signal.aborted).toBe(false);
  });
});

describe("aggressive, when the time is over", () => {
  const options = { mode: "aggressive" } as const;

  it("rejects at once, with an error that says what was over", async () => {
    const { timeout, clock } = makeTimeout({ ...options, name: "prices" });
    const run = watch(timeout.run(new Held().work));
    await clock.advanceAsync(99);
    expect(run.status).toBe("pending");
    await clock.advanceAsync(1);
    expect(run.error).toBeInstanceOf(TimeoutError);
    expect(run.error).toMatchObject({ name: "TimeoutError", code: "ERR_TIMEOUT", timeoutMs: 100, reason: "timeout", source: "prices" });
    expect((run.error as Error).message).toBe("timeout prices: the work did not end within 100 ms");
  });

  it("says how long the work was given as it was asked for, to the last digit, whatever the clock reads", async () => {
    const clock = new ManualClock(50.3);
    expect(50.3 + 100 - 50.3).not.toBe(100);
    for (const bounded of [new Timeout({ timeoutMs: 100, ...options, clock }), new Deadline({ timeoutMs: 100, clock })]) {
      clock.jump(50.3 - clock.now());
      const run = watch(bounded.run(new Held().work));
      await clock.advanceAsync(101);
      expect(run.error).toMatchObject({ timeoutMs: 100, message: expect.stringContaining("did not end within 100 ms") as string });
    }
  });

  it("aborts the signal of the work, with the error that the caller gets", async () => {
    const { timeout, clock } = makeTimeout(options);
    const held = new Held();
    const run = watch(timeout.run(held.work));
    const { signal } = held;
    await clock.advanceAsync(100);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe(run.error);
  });

  it("work that looks at its signal only afterwards finds it aborted", async () => {
    const { timeout, clock } = makeTimeout(options);
    const held = new Held();
    const run = watch(timeout.run(held.work));
    await clock.advanceAsync(100);
    expect(held.signal.aborted).toBe(true);
    expect(held.signal.reason).toBe(run.error);
  });

  it("hands what comes late to dispose and to listeners", async () => {
    const disposed: unknown[] = [];
    const { timeout, clock } = makeTimeout<string>({ ...options, dispose: (value) => void disposed.push(value) });
    const events: unknown[] = [];
    timeout.on("lateResult", (event) => events.push(event));
    const held = new Held<string>();
    watch(timeout.run(held.work));
    await clock.advanceAsync(130);
    expect(timeout.stats).toMatchObject({ running: 1, abandoned: 1 });
    held.resolve("connection");
    await settled();
    expect(disposed).toEqual(["connection"]);
    expect(events).toEqual([{ value: "connection", lateMs: 30 }]);
    expect(timeout.stats).toMatchObject({ running: 0, abandoned: 0, timeouts: 1, lateResults: 1, successes: 0 });
  });

  it("shows a late error as an event, and leaves no rejection unhandled", async () => {
    const { timeout, clock } = makeTimeout(options);
    const events: unknown[] = [];
    timeout.on("lateError", (event) => events.push(event));
    const held = new Held();
    watch(timeout.run(held.work));
    await clock.advanceAsync(150);
    held.reject("reset by peer");
    await settled();
    expect(events).toEqual([{ error: "reset by peer", lateMs: 50 }]);
    expect(timeout.stats).toMatchObject({ lateErrors: 1, failures: 0 });
  });

  it("does not call it a late error when the work lets go with the reason that it was given", async () => {
    const { timeout, clock } = makeTimeout(options);
    watch(timeout.run(obedient(clock, 500, "late")));
    watch(timeout.run(({ signal }) => sleep(60_000, "late", { signal }))); // an AbortError with the reason as its cause
    await clock.advanceAsync(100);
    expect(timeout.stats).toMatchObject({ timeouts: 2, lateErrors: 0, abandoned: 0, running: 0 });
  });
});

describe("cooperative, when the time is over", () => {
  it("is the default, and answers when the work has let go", async () => {
    const { timeout, clock } = makeTimeout();
    const held = new Held();
    const run = watch(timeout.run(held.work));
    const { signal } = held;
    await clock.advanceAsync(140);
    expect(signal.aborted).toBe(true);
    expect(run.status).toBe("pending");
    held.reject(signal.reason);
    await settled();
    expect(run.error).toBe(signal.reason);
    expect(timeout.stats).toMatchObject({ timeouts: 1, lateErrors: 0, abandoned: 0, running: 0 });
  });

  it("work that listens to its signal times out on time", async () => {
    const { timeout, clock } = makeTimeout();
    const run = watch(timeout.run(obedient(clock, 500, "late")));
    await clock.advanceAsync(100);
    expect(run.error).toBeInstanceOf(TimeoutError);
  });

  it("a value within the grace is still a timeout, and is disposed of", async () => {
    const disposed: unknown[] = [];
    const { timeout, clock } = makeTimeout<string>({ dispose: (value) => void disposed.push(value) });
    const run = watch(timeout.run(deaf(clock, 150, "late")));
    await clock.advanceAsync(150);
    expect(run.error).toBeInstanceOf(TimeoutError);
    expect(disposed).toEqual(["late"]);
    expect(timeout.stats).toMatchObject({ lateResults: 1, timeouts: 1, abandoned: 0 });
  });

  it("an error of the work's own within the grace is the cause of the timeout", async () => {
    const { timeout, clock } = makeTimeout();
    const held = new Held();
    const run = watch(timeout.run(held.work));
    await clock.advanceAsync(120);
    const error = new Error("query was cancelled");
    held.reject(error);
    await settled();
    expect(run.error).toMatchObject({ code: "ERR_TIMEOUT", cause: error });
    expect(timeout.stats).toMatchObject({ lateErrors: 1, failures: 0 });
  });

  it("answers without the work when the grace is over, and says so", async () => {
    const { timeout, clock } = makeTimeout({ graceMs: 50 });
    const events: unknown[] = [];
    timeout.on("abandoned", (event) => events.push(event));
    const run = watch(timeout.run(new Held().work));
    await clock.advanceAsync(149);
    expect(run.status).toBe("pending");
    expect(timeout.stats.abandoned).toBe(0);
    await clock.advanceAsync(1);
    expect(run.error).toBeInstanceOf(TimeoutError);
    expect(events).toEqual([{ graceMs: 50, error: run.error }]);
    expect(timeout.stats).toMatchObject({ running: 1, abandoned: 1 });
  });

  it("waits for the end of the work when the grace is Infinity, without a timer", async () => {
    const { timeout, clock } = makeTimeout({ graceMs: Infinity });
    const held = new Held();
    const run = watch(timeout.run(held.work));
    await clock.advanceAsync(10_000_000);
    expect(run.status).toBe("pending");
    expect(clock.pendingTimers).toBe(0);
    held.resolve(1);
    await settled();
    expect(run.error).toBeInstanceOf(TimeoutError);
  });

  it("with a grace of 0 is as aggressive", async () => {
    const { timeout, clock } = makeTimeout({ graceMs: 0 });
    let abandoned = 0;
    timeout.on("abandoned", () => (abandoned += 1));
    const run = watch(timeout.run(new Held().work));
    await clock.advanceAsync(100);
    expect(run.error).toBeInstanceOf(TimeoutError);
    expect(abandoned).toBe(0); // there was no grace
  });

  it("a place held round it is free only when the work has ended", async () => {
    const { timeout, clock } = makeTimeout({ graceMs: Infinity });
    let held = 0;
    let atOnce = 0;
    let mostAtOnce = 0;
    const call = async (): Promise<void> => {
      if (held === 1) return;
      held += 1;
      const work = async (): Promise<void> => {
        atOnce += 1;
        mostAtOnce = Math.max(mostAtOnce, atOnce);
        await deaf(clock, 1_000, undefined)();
        atOnce -= 1;
      };
      await timeout.run(work).catch(() => undefined);
      held -= 1;
    };
    for (let i = 0; i < 20; i += 1) {
      void call();
      await clock.advanceAsync(150);
    }
    await clock.advanceAsync(5_000);
    expect(mostAtOnce).toBe(1);
  });
});

describe("the event timedOut", () => {
  it("is emitted once, when the time is over, in both modes", async () => {
    for (const mode of ["cooperative", "aggressive"] as const) {
      const { timeout, clock } = makeTimeout({ mode });
      const events: unknown[] = [];
      timeout.on("timedOut", (event) => events.push(event));
      const run = watch(timeout.run(deaf(clock, 1_000, 1)));
      await clock.advanceAsync(100);
      expect(events).toHaveLength(1);
      await clock.advanceAsync(5_000);
      expect(events).toEqual([{ reason: "timeout", timeoutMs: 100, error: run.error }]);
    }
  });
});

describe("a timeout as an outcome", () => {
  it("is a failure to what stands outside: the work had been started", async () => {
    const { timeout, clock } = makeTimeout({ mode: "aggressive" });
    const call = { signal: new AbortController().signal };
    const run = watch(timeout.run(new Held().work, call));
    await clock.advanceAsync(100);
    expect(outcomeOfError(run.error, call)).toBe("failure");
  });

  it("is neutral to what stands inside: its signal is aborted", async () => {
    const { timeout, clock } = makeTimeout({ mode: "aggressive" });
    const held = new Held();
    watch(timeout.run(held.work));
    await clock.advanceAsync(100);
    expect(outcomeOfError(new Error("closed"), held.call)).toBe("neutral");
  });
});

describe("foreign code that throws", () => {
  it("dispose, a listener or a meter fails no call", async () => {
    const warnings: unknown[] = [];
    const note = (warning: unknown): void => void warnings.push(warning);
    process.on("warning", note);
    const broken = (): never => {
      throw new Error("broken");
    };
    const instrument = { add: broken, record: broken };
    const meter = { counter: () => instrument, histogram: () => instrument, gauge: () => () => undefined };
    for (const dispose of [broken, () => Promise.reject(new Error("broken"))]) {
      const { timeout, clock } = makeTimeout({ mode: "aggressive", dispose, meter });
      timeout.on("timedOut", broken);
      timeout.on("lateResult", broken);
      const run = watch(timeout.run(deaf(clock, 200, 1)));
      await clock.advanceAsync(200);
      expect(run.error).toBeInstanceOf(TimeoutError);
      expect(timeout.stats).toMatchObject({ running: 0, abandoned: 0, lateResults: 1 });
      expect(await timeout.run(() => 2)).toBe(2);
    }
    await settled();
    process.off("warning", note);
    expect(warnings.length).toBeGreaterThanOrEqual(4);
  });
});

describe("options", () => {
  it.each([
    [{}, TypeError, "timeoutMs must be a number, got undefined"],
    [{ timeoutMs: 0 }, RangeError, "timeoutMs must be a number from 1 to Infinity, got 0"],
    [{ timeoutMs: NaN }, RangeError, "timeoutMs must be a number from 1 to Infinity, got NaN"],
    [{ timeoutMs: 1, graceMs: -1 }, RangeError, "graceMs must be a number from 0 to Infinity, got -1"],
    [{ timeoutMs: 1, mode: "polite" }, RangeError, 'mode must be "cooperative" or "aggressive", got polite'],
    [{ timeoutMs: 1, dispose: 1 }, TypeError, "dispose must be a function, got number"],
  ])("are checked at construction: %j", (options, kind, message) => {
    const make = (): unknown => new Timeout(options as unknown as TimeoutOptions);
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
  });

  it("are copied", async () => {
    const options: { timeoutMs: number; mode: "aggressive" } = { timeoutMs: 100, mode: "aggressive" };
    const { timeout, clock } = makeTimeout(options);
    options.timeoutMs = 1;
    const run = watch(timeout.run(new Held().work));
    await clock.advanceAsync(50);
    expect(run.status).toBe("pending");
  });
});
