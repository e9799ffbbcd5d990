import { giveUpOf, type RetryOptions } from "@breakwater/retry";
import { describe, expect, it } from "vitest";
import { broken, catchWarnings, errorOf, eventsOf, FakeMeter, failing, after, makeRetry } from "./helpers.ts";

const fault = (): Error => new Error("bug");
function throwing(error: unknown): () => never {
  return () => {
    throw error;
  };
}

describe("an option that throws", () => {
  it.each<[string, (error: Error) => RetryOptions]>([
    ["retryIf", (error) => ({ retryIf: throwing(error) })],
    ["backoff", (error) => ({ backoff: throwing(error) })],
    ["backoff.start", (error) => ({ backoff: { start: throwing(error) } })],
    ["retryAfter", (error) => ({ retryAfter: throwing(error) })],
    ["idempotent", (error) => ({ idempotent: throwing(error) })],
    ["random", (error) => ({ random: throwing(error), backoff: undefined })],
  ])("%s ends the call with that error, whose cause is the work's", async (_option, optionsOf) => {
    const error = fault();
    const last = new Error("down");
    const { retry, clock } = makeRetry(optionsOf(error));
    const work = broken(last);
    expect(await errorOf(retry.run(work))).toBe(error);
    expect(error.cause).toBe(last);
    expect(work.count).toBe(1);
    expect(clock.pendingTimers).toBe(0);
    expect(giveUpOf(error)).toMatchObject({ reason: "fault" });
    expect(retry.stats.gaveUp.fault).toBe(1);
  });

  it("retryResultIf ends the call with that error", async () => {
    const error = fault();
    const { retry } = makeRetry({ retryResultIf: throwing(error) });
    expect(await errorOf(retry.run(() => 1))).toBe(error);
  });

  it("with the work's own error makes no circle of causes", async () => {
    const last = new Error("down");
    const { retry } = makeRetry({ retryIf: throwing(last) });
    expect(await errorOf(retry.run(broken(last)))).toBe(last);
    expect(last.cause).toBeUndefined();
  });

  it("at a later attempt ends the call there", async () => {
    const error = fault();
    const { retry, clock } = makeRetry({ backoff: (attempt) => (attempt === 1 ? 10 : throwing(error)()) });
    expect(await after(clock, 10, retry.run(failing("first", "second")))).toEqual({ status: "rejected", reason: error });
    expect(error.cause).toBe("second");
  });

  it("is not retried by a retry further out", async () => {
    const inner = makeRetry({ retryIf: throwing(fault()) });
    const outer = makeRetry();
    const work = broken("down");
    await errorOf(outer.retry.run(() => inner.retry.run(work)));
    expect(work.count).toBe(1);
  });
});

describe("an option that answers nonsense", () => {
  it.each<[string, object, typeof RangeError | typeof TypeError]>([
    ["backoff", { backoff: () => Number.NaN }, RangeError],
    ["backoff", { backoff: () => -1 }, RangeError],
    ["backoff", { backoff: () => "100" }, TypeError],
    ["backoff", { random: () => Number.NaN, backoff: undefined }, RangeError],
    ["retryAfter", { retryAfter: () => -5 }, RangeError],
    ["random", { random: () => -1, retryAfter: () => 500 }, RangeError],
    ["random", { random: () => Number.NaN, retryAfter: () => 500 }, RangeError],
    ["retryAfter", { retryAfter: () => null }, TypeError],
    ["retryIf", { retryIf: async () => false }, TypeError],
    ["retryResultIf", { retryResultIf: async () => false }, TypeError],
    ["idempotent", { idempotent: () => undefined }, TypeError],
  ])("%s ends the call with an error that names it, whose cause is the work's", async (option, options, kind) => {
    const { retry } = makeRetry(options);
    const isOfResults = option === "retryResultIf";
    const error = await errorOf(retry.run<unknown>(() => (isOfResults ? 1 : broken("down")())));
    expect(error).toBeInstanceOf(kind);
    expect(String(error)).toContain(option);
    expect((error as Error).cause).toBe(isOfResults ? undefined : "down");
  });
});

describe("the user's functions", () => {
  it("are called without a `this`, so that none reaches into a call that goes on", async () => {
    const selves: unknown[] = [];
    const note = <T>(answer: T) =>
      function (this: unknown): T {
        selves.push(this);
        return answer;
      };
    const options = { retryIf: note(true), retryResultIf: note(true), idempotent: note(true), backoff: note(0), retryAfter: note(1), random: note(0) };
    const { retry, clock } = makeRetry(options);
    await after(clock, 100, retry.run(failing("down")));
    expect(selves.length).toBeGreaterThan(6);
    expect(new Set(selves)).toEqual(new Set([undefined]));
  });
});

describe("events", () => {
  it("tell of each retry with the error and the wait, and how it ended", async () => {
    const { retry, clock } = makeRetry();
    const call = {};
    const retried = eventsOf(retry, "retried");
    const gaveUp = eventsOf(retry, "gaveUp");
    const recovered = eventsOf(retry, "recovered");
    await after(clock, 1_000, retry.run(failing("a"), call));
    expect(retried).toEqual([{ attempt: 1, error: "a", ending: { status: "failed", error: "a" }, delayMs: 100, call }]);
    expect(recovered).toEqual([{ attempts: 2, call }]);
    await after(clock, 1_000, retry.run(broken(undefined), call));
    expect(retried).toHaveLength(3);
    const ending = { status: "failed", error: undefined };
    expect(gaveUp).toEqual([{ reason: "attempts", attempts: 3, error: undefined, ending, call }]);
  });

  it("tell a bad result from an error", async () => {
    const { retry, clock } = makeRetry({ retryResultIf: () => true, attempts: 2 });
    const retried = eventsOf(retry, "retried");
    const gaveUp = eventsOf(retry, "gaveUp");
    await after(clock, 100, retry.run(() => 7));
    expect(retried[0]).toMatchObject({ error: undefined, ending: { status: "succeeded", value: 7 } });
    expect(gaveUp[0]).toMatchObject({ reason: "attempts", ending: { status: "succeeded", value: 7 } });
  });

  it("show committed state: who hears of a retry sees that it waits, and may call back in", async () => {
    const { retry, clock } = makeRetry();
    const waiting: number[] = [];
    let inner: Promise<unknown> | undefined;
    retry.on("retried", () => {
      waiting.push(retry.stats.waiting);
      inner ??= retry.run(() => "inside");
    });
    await after(clock, 100, retry.run(failing("down")));
    expect(waiting).toEqual([1]);
    await expect(inner).resolves.toBe("inside");
  });

  it("a listener that throws fails no call, and stops hearing when it unsubscribes", async () => {
    const warnings = catchWarnings();
    const { retry, clock } = makeRetry();
    const stops = (["retried", "recovered", "gaveUp"] as const).map((type) => retry.on(type, throwing(fault())));
    expect(await after(clock, 100, retry.run(failing("down")))).toEqual({ status: "fulfilled", value: "done" });
    expect(warnings).toHaveBeenCalledTimes(2);
    for (const stop of stops) stop();
    await after(clock, 1_000, retry.run(broken("down")));
    expect(warnings).toHaveBeenCalledTimes(2);
    warnings.mockRestore();
  });
});

describe("measurements", () => {
  it("count calls, retries and how they ended, and show who waits", async () => {
    const meter = new FakeMeter();
    const { retry, clock } = makeRetry({ meter, name: "orders" });
    const one = retry.run(failing("down"));
    const two = retry.run(broken("down"));
    await clock.advanceAsync(50);
    expect(meter.gauges.get('breakwater.retry.waiting {"name":"orders"}')?.()).toBe(2);
    await after(clock, 1_000, Promise.allSettled([one, two]));
    expect(Object.fromEntries(meter.counts)).toEqual({
      'breakwater.retry.calls {"name":"orders"}': 2,
      'breakwater.retry.retries {"name":"orders"}': 3,
      'breakwater.retry.recovered {"name":"orders"}': 1,
      'breakwater.retry.gave_up {"name":"orders","reason":"attempts"}': 1,
    });
  });

  it("that are broken fail no call", async () => {
    const warnings = catchWarnings();
    const meter = new FakeMeter();
    meter.counter = () => ({ add: throwing(fault()) });
    const { retry, clock } = makeRetry({ meter });
    expect(await after(clock, 100, retry.run(failing("down")))).toEqual({ status: "fulfilled", value: "done" });
    expect(warnings).toHaveBeenCalled();
    warnings.mockRestore();
  });
});
