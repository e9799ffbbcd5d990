import fc from "fast-check";
import type { Call } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { Retry } from "@breakwater/retry";
import { describe, expect, it, vi } from "vitest";
import { after, broken, countListeners, errorOf, failing, makeRetry } from "./helpers.ts";

describe("the caller's abort", () => {
  it.each([undefined, "a text", null, new Error("gone")])("before the first attempt rejects with its reason %s, and starts nothing", async (reason) => {
    const { retry } = makeRetry();
    const controller = new AbortController();
    controller.abort(reason);
    const work = failing();
    expect(await errorOf(retry.run(work, { signal: controller.signal }))).toBe(controller.signal.reason);
    expect(work.count).toBe(0);
    expect(retry.stats.calls).toBe(0);
  });

  it("during the wait ends it at once, with its reason; the work is not called again, and nothing is left", async () => {
    const { retry, clock } = makeRetry();
    const controller = new AbortController();
    const listeners = countListeners(controller.signal);
    const work = broken("down");
    const result = retry.run(work, { signal: controller.signal });
    await clock.advanceAsync(50);
    expect(retry.stats.waiting).toBe(1);
    expect(listeners.left).toBe(1);
    const reason = { why: "left" };
    controller.abort(reason);
    expect(await errorOf(result)).toBe(reason);
    expect(clock.pendingTimers).toBe(0);
    expect(listeners.left).toBe(0);
    await clock.advanceAsync(1_000);
    expect(work.count).toBe(1);
    expect(retry.stats).toMatchObject({ attempts: 1, aborted: 1, waiting: 0 });
  });

  it("in the turn in which the wait is over still comes first", async () => {
    const { retry, clock } = makeRetry();
    const controller = new AbortController();
    const work = broken("down");
    const result = retry.run(work, { signal: controller.signal });
    await settled();
    clock.advance(100); // the promise is resolved, and its call has not gone on yet
    controller.abort("gone");
    expect(await errorOf(result)).toBe("gone");
    expect(work.count).toBe(1);
  });

  it("during an attempt lets it end, and passes on what it ends with, whatever retryIf says", async () => {
    for (const retryIf of [undefined, () => true, () => "anyway" as const]) {
      const { retry, clock } = makeRetry({ retryIf });
      const controller = new AbortController();
      const error = new Error("interrupted");
      const work = vi.fn(async () => {
        controller.abort("gone");
        throw error;
      });
      expect(await errorOf(retry.run(work, { signal: controller.signal }))).toBe(error);
      expect(work).toHaveBeenCalledTimes(1);
      expect(clock.pendingTimers).toBe(0);
    }
  });

  it("during an attempt that ends with a bad result passes that on", async () => {
    const { retry } = makeRetry<number>({ retryResultIf: () => true });
    const controller = new AbortController();
    const work = (): number => {
      controller.abort("gone");
      return 1;
    };
    await expect(retry.run(work, { signal: controller.signal })).resolves.toBe(1);
  });

  it("by a predicate, or by a listener that hears of the retry, ends it as well", async () => {
    for (const where of ["retryIf", "backoff", "listener"]) {
      const controller = new AbortController();
      const abort = (): void => controller.abort("gone");
      const { retry, clock } = makeRetry({
        retryIf: () => (where === "retryIf" && abort(), true),
        backoff: () => (where === "backoff" && abort(), 100),
      });
      retry.on("retried", () => where === "listener" && abort());
      const work = broken("down");
      expect(await errorOf(retry.run(work, { signal: controller.signal }))).toBe("gone");
      expect(work.count).toBe(1);
      expect(clock.pendingTimers).toBe(0);
      expect(retry.stats).toMatchObject({ aborted: 1, waiting: 0 });
    }
  });

  it("of a signal that a thousand calls share is heard by one listener, and none is left", async () => {
    const { retry, clock } = makeRetry();
    const controller = new AbortController();
    const listeners = countListeners(controller.signal);
    const all = Promise.allSettled(Array.from({ length: 1_000 }, () => retry.run(broken("down"), { signal: controller.signal })));
    await clock.advanceAsync(50);
    expect(listeners.most).toBe(1);
    controller.abort("all gone");
    for (const ended of await all) expect(ended).toEqual({ status: "rejected", reason: "all gone" });
    expect(listeners.left).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it("that never comes leaves no listener on a signal that lives for long", async () => {
    const { retry, clock } = makeRetry();
    const { signal } = new AbortController();
    const listeners = countListeners(signal);
    for (let i = 0; i < 100; i += 1) await after(clock, 1_000, retry.run(i % 2 === 0 ? failing("down") : broken("down"), { signal }));
    expect(listeners.left).toBe(0);
  });
});

interface Plan {
  readonly durations: readonly number[];
  readonly delays: readonly number[];
  readonly attempts: number;
  readonly failures: number;
  readonly abortAt: number;
  readonly deadlineAt: number;
}

const plans = fc.record<Plan>({
  durations: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 6, maxLength: 6 }),
  delays: fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 6, maxLength: 6 }),
  attempts: fc.integer({ min: 1, max: 6 }),
  failures: fc.integer({ min: 0, max: 7 }),
  abortAt: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 400 })),
  deadlineAt: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 400 })),
});

interface Outcome {
  readonly starts: readonly number[];
  readonly endsAt: number;
  readonly ending: string;
}

/** What should come of it, told step by step. Times are distinct or ordered as the clock fires: an abort at the same time comes first. */
function model({ durations, delays, attempts, failures, abortAt, deadlineAt }: Plan): Outcome {
  const starts: number[] = [];
  let now = 0;
  for (let attempt = 1; ; attempt += 1) {
    starts.push(now);
    now += durations[attempt - 1] ?? 0;
    if (attempt > failures) return { starts, endsAt: now, ending: "done" };
    const delay = delays[attempt - 1] ?? 0;
    if (abortAt <= now || attempt === attempts || now + delay >= deadlineAt) return { starts, endsAt: now, ending: `error ${attempt}` };
    if (abortAt <= now + delay) return { starts, endsAt: abortAt, ending: "aborted" };
    now += delay;
  }
}

/** What comes of it. */
async function play(plan: Plan): Promise<Outcome & { readonly retry: Retry; readonly timers: number; readonly listeners: number }> {
  const clock = new ManualClock();
  const controller = new AbortController();
  const listeners = countListeners(controller.signal);
  // Set first, so that at the same time it comes first.
  clock.setTimer(() => controller.abort("aborted"), plan.abortAt);
  const { attempts, delays, failures } = plan;
  const retry = new Retry({ attempts, budget: false, clock, backoff: (attempt) => delays[attempt - 1] ?? 0 });
  const starts: number[] = [];
  const work = (_call: Call, attempt: number): Promise<string> => {
    starts.push(clock.now());
    return new Promise((resolve, reject) => {
      const settle = (): void => (attempt > failures ? resolve("done") : reject(new Error(`error ${attempt}`)));
      const duration = plan.durations[attempt - 1] ?? 0;
      if (duration === 0) settle();
      else clock.setTimer(settle, duration);
    });
  };
  let endsAt = Number.NaN;
  const ended = retry.run(work, { signal: controller.signal, deadlineAt: plan.deadlineAt }).then(String, (error: unknown) => (error instanceof Error ? error.message : String(error)));
  void ended.then(() => (endsAt = clock.now()));
  await clock.advanceAsync(2_000);
  return { starts, endsAt, ending: await ended, retry, timers: clock.pendingTimers, listeners: listeners.left };
}

describe("the laws of a call", () => {
  it("whatever fails, takes time, and aborts when: attempts, times and ending are the model's, and nothing is left", async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { retry, timers, listeners, ...outcome } = await play(plan);
        expect(outcome).toEqual(model(plan));
        expect(outcome.starts.length).toBeLessThanOrEqual(plan.attempts);
        expect(outcome.starts.slice(1).every((at) => at < plan.abortAt && at < plan.deadlineAt)).toBe(true);
        expect({ timers, listeners }).toEqual({ timers: 0, listeners: 0 });
        const { gaveUp, ...stats } = retry.stats;
        const givenUp = Object.values(gaveUp).reduce((sum, count) => sum + count, 0);
        const isRecovered = outcome.ending === "done" && outcome.starts.length > 1;
        const isAborted = outcome.ending === "aborted";
        expect(stats).toEqual({ calls: 1, attempts: outcome.starts.length, recovered: Number(isRecovered), aborted: Number(isAborted), waiting: 0 });
        expect(givenUp).toBe(Number(outcome.ending.startsWith("error") && plan.abortAt > outcome.endsAt));
      }),
      { numRuns: 300 },
    );
  });
});
