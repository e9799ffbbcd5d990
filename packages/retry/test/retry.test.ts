import { AsyncLocalStorage } from "node:async_hooks";
import { descriptionOf, isRejected, noCall, RejectedError, systemClock, type Call, type Clock } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import { constant, giveUpOf, Retry, RetryBudget, retry as retryLayer } from "@breakwater/retry";
import { describe, expect, it, vi } from "vitest";
import { after, broken, errorOf, failing, makeRetry } from "./helpers.ts";

const refusal = (retryAfterMs?: number): RejectedError => new RejectedError("ERR_NO", "no", { reason: "open", retryAfterMs });
const whatever = (): boolean => true;

describe("a call", () => {
  it("that goes well is made once, with the call that came in, and nothing waits", async () => {
    const { retry, clock } = makeRetry();
    const call: Call = { priority: 3 };
    const work = vi.fn((given: Call, attempt: number) => (given === call ? attempt : -1));
    await expect(retry.run(work, call)).resolves.toBe(1);
    expect(work).toHaveBeenCalledTimes(1);
    expect(clock.pendingTimers).toBe(0);
    expect(retry.stats).toMatchObject({ calls: 1, attempts: 1, recovered: 0 });
  });

  it("that fails is made again after each delay, with the same call, until it goes well", async () => {
    const { retry, clock } = makeRetry();
    const call: Call = {};
    const seen: [number, number, boolean][] = [];
    const result = retry.run((given, attempt) => {
      seen.push([attempt, clock.now(), given === call]);
      return attempt < 3 ? Promise.reject(new Error("down")) : "up";
    }, call);
    expect(await after(clock, 200, result)).toEqual({ status: "fulfilled", value: "up" });
    expect(seen).toEqual([[1, 1_000, true], [2, 1_100, true], [3, 1_200, true]]);
    expect(retry.stats).toMatchObject({ calls: 1, attempts: 3, recovered: 1, waiting: 0 });
  });

  it("that keeps failing rejects with the last error, identical, after as many attempts as there may be", async () => {
    const { retry, clock } = makeRetry();
    const last = new Error("third");
    const work = failing("first", undefined, last);
    const ended = await after(clock, 1_000, retry.run(work));
    expect(ended).toEqual({ status: "rejected", reason: last });
    expect(ended.status === "rejected" && ended.reason === last).toBe(true);
    expect(work.count).toBe(3);
  });

  it.each([undefined, null, "a text", 0, Object.freeze(new Error("frozen")), Object.freeze({ code: 7 })])(
    "that is given up on with %s rejects with just that",
    async (error) => {
      const { retry, clock } = makeRetry();
      const ended = await after(clock, 1_000, retry.run(broken(error)));
      expect(ended.status === "rejected" && Object.is(ended.reason, error)).toBe(true);
    },
  );

  it("whose work throws, or answers a thenable, is as one whose work is async", async () => {
    const { retry, clock } = makeRetry();
    let tries = 0;
    const result = retry.run(() => {
      tries += 1;
      if (tries === 1) throw new Error("sync");
      const answer = tries === 2 ? Promise.reject(new Error("async")) : Promise.resolve("done");
      return { then: answer.then.bind(answer) };
    });
    expect(await after(clock, 200, result)).toEqual({ status: "fulfilled", value: "done" });
    expect(tries).toBe(3);
  });

  it("whose work answers a promise that cannot be followed rejects, and does not throw", async () => {
    class Unfollowed<T> extends Promise<T> {
      override then(): never {
        throw new Error("no then");
      }
    }
    for (const retryResultIf of [undefined, () => false]) {
      const { retry } = makeRetry({ retryResultIf, attempts: 1 });
      const unfollowed = new Unfollowed((resolve) => resolve(1));
      expect(await errorOf(retry.run(() => unfollowed))).toEqual(new Error("no then"));
    }
  });

  it("works the same as a layer, by retry() too, and without a call", async () => {
    const clock = new ManualClock();
    const options = { clock, backoff: constant({ delayMs: 10, jitter: "none" }) };
    for (const layer of [new Retry(options).layer, retryLayer(options)]) {
      const work = failing("down");
      const calls: Call[] = [];
      const service = layer(async (input: string, call) => {
        calls.push(call);
        return `${input} ${await work()}`;
      });
      const bare = service as (input: string) => Promise<string>;
      expect(await after(clock, 10, bare("all"))).toEqual({ status: "fulfilled", value: "all done" });
      expect(calls).toEqual([noCall, noCall]);
    }
  });

  it("of a layer hands on two arguments, so that a service with a third of its own is not surprised", async () => {
    const { retry } = makeRetry();
    const counts: number[] = [];
    const service = retry.layer(async (...args: [number, Call]) => counts.push(args.length));
    await service(1, {});
    expect(counts).toEqual([2]);
  });

  it("of a wrapped function keeps `this` and arguments, and finds its call in them", async () => {
    const { retry, clock } = makeRetry();
    const work = failing("down");
    const client = {
      base: "http://a",
      get: retry.wrap(
        async function (this: { base: string }, path: string, call: Call) {
          return `${this.base}${path} ${String(call.priority)} ${await work()}`;
        },
        (_path, call) => call,
      ),
    };
    expect(await after(clock, 100, client.get("/x", { priority: 1 }))).toEqual({ status: "fulfilled", value: "http://a/x 1 done" });
    const gone = AbortSignal.abort("gone");
    expect(await errorOf(client.get("/x", { signal: gone }))).toBe("gone");
    const fault = new Error("no call");
    const faulty = retry.wrap(async () => 1, () => {
      throw fault;
    });
    expect(await errorOf(faulty())).toBe(fault);
  });

  it("describes its layer, so that a stack can be printed", () => {
    expect(descriptionOf(new Retry({ name: "orders" }).layer)).toEqual({ kind: "retry", name: "orders" });
  });

  it("keeps its async context from attempt to attempt, though all waits stand on one timer", async () => {
    const { retry, clock } = makeRetry();
    const storage = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    const run = (name: string): Promise<unknown> =>
      storage.run(name, () =>
        retry.run((_call, attempt) => {
          seen.push(`${storage.getStore() ?? "none"} ${attempt}`);
          return attempt === 1 ? Promise.reject(new Error("down")) : "up";
        }),
      );
    const all = Promise.all([run("a"), run("b")]);
    await clock.advanceAsync(100);
    await all;
    expect(seen).toEqual(["a 1", "b 1", "a 2", "b 2"]);
  });
});

describe("a bad result", () => {
  it("is retried, and the last one is returned as it is", async () => {
    const { retry, clock } = makeRetry<{ readonly status: number }>({ retryResultIf: ({ status }) => status >= 500 });
    const results = [{ status: 500 }, { status: 502 }, { status: 503 }];
    const ended = await after(clock, 1_000, retry.run((_call, attempt) => results[attempt - 1] ?? { status: 0 }));
    expect(ended.status === "fulfilled" && ended.value === results[2]).toBe(true);
    expect(retry.stats).toMatchObject({ attempts: 3, recovered: 0, gaveUp: { attempts: 1 } });
  });

  it("that turns good is returned, and one that is good at once costs no wait", async () => {
    const { retry, clock } = makeRetry<number>({ retryResultIf: (value) => value < 2 });
    expect(await after(clock, 100, retry.run((_call, attempt) => attempt))).toEqual({ status: "fulfilled", value: 2 });
    await expect(retry.run(() => 7)).resolves.toBe(7);
    expect(retry.stats).toMatchObject({ calls: 2, attempts: 3, recovered: 1 });
  });

  it("of work that may not be done twice is returned at once", async () => {
    const { retry } = makeRetry<number>({ retryResultIf: whatever, idempotent: false });
    await expect(retry.run(() => 7)).resolves.toBe(7);
    expect(retry.stats.gaveUp["not-idempotent"]).toBe(1);
  });

  it("may ask for a least wait, as a response with Retry-After does", async () => {
    const { retry, clock } = makeRetry<Response>({ retryResultIf: ({ status }) => status === 503, random: () => 0 });
    const busy = (): Response => new Response("busy", { status: 503, headers: { "retry-after": "2" } });
    const result = retry.run((_call, attempt) => (attempt === 1 ? busy() : new Response("fine")));
    await clock.advanceAsync(1_999);
    expect(retry.stats.attempts).toBe(1);
    await clock.advanceAsync(1);
    expect((await result).status).toBe(200);
  });
});

describe("what is retried", () => {
  it("a refusal by a limit of our own is not, by default", async () => {
    const { retry } = makeRetry();
    const error = refusal(1);
    expect(await errorOf(retry.run(broken(error)))).toBe(error);
    expect(giveUpOf(error)).toBeUndefined();
  });

  it("a refusal is, where retryIf says so, and what it says is then the least wait", async () => {
    const { retry, clock } = makeRetry({ retryIf: isRejected, random: () => 0 });
    const work = failing(refusal(5_000));
    const result = retry.run(work);
    await clock.advanceAsync(4_999);
    expect(work.count).toBe(1);
    await clock.advanceAsync(1);
    await expect(result).resolves.toBe("done");
  });

  it("retryIf sees the error, the attempt, the call and how it counts, and undefined leaves it to the default", async () => {
    const retryIf = vi.fn((error: unknown): boolean | undefined => (error === "fatal" ? false : undefined));
    const { retry, clock } = makeRetry({ retryIf, attempts: 5 });
    const call: Call = {};
    expect(await after(clock, 1_000, retry.run(failing("a", "b", "fatal"), call))).toEqual({ status: "rejected", reason: "fatal" });
    expect(retryIf.mock.calls).toEqual(
      ["a", "b", "fatal"].map((error, index) => [error, { attempt: index + 1, call, outcome: "failure", giveUp: undefined }]),
    );
    expect(await errorOf(retry.run(broken(refusal())))).toBeInstanceOf(RejectedError);
  });

  it("work that may not be done twice is not done again after it was started, whatever retryIf says", async () => {
    const { retry } = makeRetry({ idempotent: false, retryIf: whatever });
    const error = new Error("lost the answer");
    const work = broken(error);
    expect(await errorOf(retry.run(work))).toBe(error);
    expect(work.count).toBe(1);
    expect(giveUpOf(error)).toMatchObject({ reason: "not-idempotent", attempts: 1 });
  });

  it("such work is, where retryIf says so, after a refusal, because nothing was started", async () => {
    const { retry, clock } = makeRetry({ idempotent: false, retryIf: whatever });
    expect(await after(clock, 100, retry.run(failing(refusal())))).toEqual({ status: "fulfilled", value: "done" });
  });

  it("whether it may be done twice can depend on the call", async () => {
    const { retry, clock } = makeRetry({ idempotent: ({ priority }) => priority === 0 });
    expect(await after(clock, 100, retry.run(failing("down"), { priority: 0 }))).toMatchObject({ status: "fulfilled" });
    expect(await errorOf(retry.run(failing("down"), { priority: 1 }))).toBe("down");
  });
});

describe("the wait", () => {
  it("is never shorter than what was asked for, however long that is, and chance only adds to it", async () => {
    for (const chance of [0, 0.5, 0.999]) {
      const { retry, clock } = makeRetry({ random: () => chance });
      const work = failing({ retryAfterMs: 60_000 });
      const result = retry.run(work);
      await clock.advanceAsync(59_999);
      expect(work.count).toBe(1);
      await clock.advanceAsync(101);
      await expect(result).resolves.toBe("done");
    }
  });

  it("is up to one delay of the backoff longer than what was asked for, so that those who were told the same come back apart", async () => {
    const { retry, clock } = makeRetry({ random: () => 0.75 });
    const waits: number[] = [];
    retry.on("retried", ({ delayMs }) => waits.push(delayMs));
    await after(clock, 2_000, retry.run(failing({ retryAfterMs: 1_000 })));
    expect(waits).toEqual([1_075]);
  });

  it("is the backoff's where that is longer", async () => {
    const { retry, clock } = makeRetry();
    const work = failing({ retryAfterMs: 40 });
    const result = retry.run(work);
    await clock.advanceAsync(99);
    expect(work.count).toBe(1);
    await clock.advanceAsync(1);
    await expect(result).resolves.toBe("done");
  });

  it("can be read from errors of the user's own, or not at all", async () => {
    const { retry, clock } = makeRetry({ retryAfter: (error) => (error === "later" ? 500 : undefined), random: () => 0 });
    const work = failing("later", { retryAfterMs: 9e9 });
    const result = retry.run(work);
    await clock.advanceAsync(499);
    expect(work.count).toBe(1);
    await clock.advanceAsync(101);
    await expect(result).resolves.toBe("done");
  });

  it("of all calls is on one timer, which keeps the process alive while somebody waits", async () => {
    const { retry, clock } = makeRetry();
    const all = Promise.all(Array.from({ length: 100 }, () => retry.run(failing("down"))));
    await settled();
    expect(retry.stats.waiting).toBe(100);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.pendingRefTimers).toBe(1);
    await clock.advanceAsync(100);
    await all;
    expect(clock.pendingTimers).toBe(0);
  });

  it("is not cut short by a timer that fires early", async () => {
    const clock = new ManualClock();
    // Timers that fire 3 ms before their time, as those of some platforms do.
    const hasty: Clock = { now: () => clock.now(), setTimer: (callback, delayMs) => clock.setTimer(callback, Math.max(delayMs - 3, 1)) };
    const { retry } = makeRetry({ clock: hasty });
    const times: number[] = [];
    const result = retry.run((_call, attempt) => {
      times.push(clock.now());
      return attempt < 3 ? Promise.reject(new Error("down")) : "up";
    });
    await clock.advanceAsync(1_000);
    await expect(result).resolves.toBe("up");
    expect(times).toEqual([0, 100, 200]);
  });

  it("may be longer than the platform's timers can hold", async () => {
    const { retry, clock } = makeRetry({ backoff: () => 2 ** 40 });
    const work = failing("down");
    const result = retry.run(work);
    await clock.advanceAsync(2 ** 40 - 1);
    expect(work.count).toBe(1);
    await clock.advanceAsync(1);
    await expect(result).resolves.toBe("done");
  });

  it("of no time at all lets others run first, so that endless attempts block nothing", async () => {
    const controller = new AbortController();
    const endless = new Retry({ attempts: Infinity, backoff: () => 0, budget: false, clock: systemClock });
    const result = endless.run(broken("down"), { signal: controller.signal });
    setTimeout(() => controller.abort("enough"), 5);
    expect(await errorOf(result)).toBe("enough");
  });
});

describe("the deadline", () => {
  it.each([
    ["the backoff", 1_100, "down"],
    ["what was asked for", 1_500, { retryAfterMs: 500 }],
  ])("that %s would outlast ends it at once, without a wait", async (_what, deadlineAt, error) => {
    const { retry, clock } = makeRetry({ random: () => 0 });
    expect(await errorOf(retry.run(broken(error), { deadlineAt }))).toBe(error);
    expect(clock.pendingTimers).toBe(0);
    expect(retry.stats.gaveUp.deadline).toBe(1);
  });

  it("that is no number ends it before a wait, and none at all is as if it were left out", async () => {
    const budget = new RetryBudget({ clock: new ManualClock() });
    const { retry, clock } = makeRetry({ budget });
    expect(await errorOf(retry.run(broken("down"), { deadlineAt: Number.NaN }))).toBe("down");
    expect(budget.stats.withdrawn).toBe(0);
    const none = { deadlineAt: null } as unknown as Call; // as in JavaScript
    expect(await after(clock, 100, retry.run(failing("down"), none))).toEqual({ status: "fulfilled", value: "done" });
  });

  it("that leaves room for the wait is no hindrance", async () => {
    const { retry, clock } = makeRetry();
    expect(await after(clock, 100, retry.run(failing("down"), { deadlineAt: 1_101 }))).toMatchObject({ status: "fulfilled" });
    expect(await after(clock, 100, retry.run(failing("down"), { deadlineAt: Infinity }))).toMatchObject({ status: "fulfilled" });
  });

  it.each([150, 200])("that passes while a blocked event loop holds up the timer, to %d ms, lets no further attempt begin", async (blockedMs) => {
    const { retry, clock } = makeRetry();
    const work = broken("down");
    const result = retry.run(work, { deadlineAt: 1_150 });
    await settled();
    clock.jump(blockedMs);
    expect(await after(clock, 0, result)).toEqual({ status: "rejected", reason: "down" });
    expect(work.count).toBe(1);
    expect(retry.stats).toMatchObject({ attempts: 1, waiting: 0, gaveUp: { deadline: 1 } });
  });

  it("of totalMs is told to the attempts, and never later than the caller's", async () => {
    const { retry, clock } = makeRetry({ totalMs: 250, attempts: 10 });
    const calls: Call[] = [];
    const work = (call: Call): never => {
      calls.push(call);
      throw new Error("down");
    };
    const given: Call = { priority: 2 };
    expect(await after(clock, 1_000, retry.run(work, given))).toMatchObject({ status: "rejected" });
    expect(calls).toEqual(Array.from({ length: 3 }, () => ({ priority: 2, deadlineAt: 1_250 })));
    expect(given).toEqual({ priority: 2 });
    const tight: Call = { deadlineAt: clock.now() + 50 };
    await errorOf(retry.run(work, tight));
    expect(calls.at(-1)).toBe(tight);
  });

  it("a wait without end outlasts every deadline, and also none", async () => {
    const { retry, clock } = makeRetry({ backoff: () => Infinity });
    expect(await errorOf(retry.run(broken("down")))).toBe("down");
    expect(await errorOf(makeRetry().retry.run(broken({ retryAfterMs: Infinity })))).toEqual({ retryAfterMs: Infinity });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe("options", () => {
  it.each([
    ["attempts", { attempts: 0 }, RangeError],
    ["attempts", { attempts: 1.5 }, RangeError],
    ["totalMs", { totalMs: Number.NaN }, RangeError],
    ["backoff", { backoff: 100 }, TypeError],
    ["backoff", { backoff: null }, TypeError],
    ["budget.deposit", { budget: true }, TypeError],
    ["budget.tryWithdraw", { budget: { deposit: () => undefined } }, TypeError],
    ["retryIf", { retryIf: true }, TypeError],
    ["retryResultIf", { retryResultIf: 500 }, TypeError],
    ["idempotent", { idempotent: "yes" }, TypeError],
    ["keepErrors", { keepErrors: 1 }, TypeError],
    ["retryAfter", { retryAfter: 5 }, TypeError],
    ["random", { random: 0.5 }, TypeError],
    ["clock.now", { clock: null }, TypeError],
  ])("refuses a wrong %s", (option, options, kind) => {
    const make = (): Retry => new Retry(options as object);
    expect(make).toThrow(kind);
    expect(make).toThrow(option);
  });

  it("are read once, and never written", async () => {
    const clock = new ManualClock();
    const options = { attempts: 2, clock, backoff: () => 0 };
    const retry = new Retry(Object.freeze({ ...options }));
    const other = new Retry(options);
    options.attempts = 9;
    for (const each of [retry, other]) expect(await after(clock, 0, each.run(failing("a", "b")))).toEqual({ status: "rejected", reason: "b" });
  });
});
