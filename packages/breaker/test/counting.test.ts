import { RejectedError } from "@breakwater/core";
import { Breaker, consecutiveFailures, countWindow } from "@breakwater/breaker";
import { describe, expect, it } from "vitest";
import { acquire, catchWarnings, deferred, errorOf, fail, makeBreaker, rejecting, succeed, throwing, times } from "./helpers.ts";

describe("consecutive failures", () => {
  it("five in a row open it by default", () => {
    const breaker = new Breaker();
    times(4, () => fail(breaker));
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(breaker.state).toBe("open");
  });

  it("a success starts the count again and a neutral outcome leaves it", () => {
    const { breaker } = makeBreaker({ trip: consecutiveFailures(2) });
    fail(breaker);
    succeed(breaker);
    fail(breaker);
    acquire(breaker).neutral();
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(breaker.state).toBe("open");
  });

  it("a threshold of Infinity never opens", () => {
    const { breaker } = makeBreaker({ trip: consecutiveFailures(Infinity) });
    times(1000, () => fail(breaker));
    expect(breaker.state).toBe("closed");
  });
});

describe("the count window", () => {
  it("judges nothing before minimumCalls, which is the size unless told otherwise", () => {
    const { breaker } = makeBreaker({ trip: countWindow({ size: 4, failureRatio: 0.5 }) });
    times(3, () => fail(breaker));
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(breaker.state).toBe("open");
    const early = makeBreaker({ trip: countWindow({ size: 4, failureRatio: 0.5, minimumCalls: 2 }) }).breaker;
    times(2, () => fail(early));
    expect(early.state).toBe("open");
  });

  it("opens when the ratio is reached, not only when it is passed", () => {
    const { breaker } = makeBreaker({ trip: countWindow({ size: 4, failureRatio: 0.5 }) });
    times(2, () => succeed(breaker));
    times(2, () => fail(breaker));
    expect(breaker.state).toBe("open");
  });

  it("reaches every ratio k/100 with exactly k failures in 100, whatever a double makes of it", () => {
    for (let k = 1; k <= 100; k += 1) {
      const { breaker } = makeBreaker({ trip: countWindow({ size: 100, failureRatio: k / 100 }) });
      times(100 - k, () => succeed(breaker));
      times(k - 1, () => fail(breaker));
      expect(breaker.state).toBe("closed");
      fail(breaker);
      expect(breaker.state, `${k} of 100`).toBe("open");
    }
  });

  it("forgets what is older than its size", () => {
    const { breaker } = makeBreaker({ trip: countWindow({ size: 3, failureRatio: 1 }) });
    times(2, () => fail(breaker));
    succeed(breaker);
    times(2, () => fail(breaker));
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(breaker.state).toBe("open");
  });

  it("is not opened by a success, even one that completes minimumCalls: the next failure does", () => {
    const { breaker } = makeBreaker({ trip: countWindow({ size: 2, failureRatio: 0.5 }) });
    fail(breaker);
    succeed(breaker);
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(breaker.state).toBe("open");
  });

  it("neutral outcomes are not in the denominator (C3, C4)", () => {
    const { breaker } = makeBreaker({ trip: countWindow({ size: 10, failureRatio: 0.5, minimumCalls: 2 }) });
    times(100, () => acquire(breaker).neutral());
    fail(breaker);
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(breaker.state).toBe("open");
  });

  it("refusals of its own do not dilute the ratio (C4)", () => {
    const { breaker, clock } = makeBreaker({ trip: countWindow({ size: 4, failureRatio: 1, minimumCalls: 2 }) });
    times(2, () => fail(breaker));
    times(100, () => breaker.tryAcquire());
    clock.jump(100);
    succeed(breaker);
    times(2, () => fail(breaker));
    expect(breaker.state).toBe("open");
  });
});

it("the window starts empty after closing: one failure does not open it again (C5)", () => {
  for (const trip of [consecutiveFailures(3), countWindow({ size: 4, failureRatio: 0.5, minimumCalls: 2 })]) {
    const { breaker, clock } = makeBreaker({ trip });
    while (breaker.state === "closed") fail(breaker);
    clock.jump(100);
    succeed(breaker);
    fail(breaker);
    expect(breaker.state).toBe("closed");
    breaker.reset();
    fail(breaker);
    expect(breaker.state).toBe("closed");
  }
});

it("breakers that share a trip share nothing (D5)", () => {
  for (const trip of [consecutiveFailures(2), countWindow({ size: 2, failureRatio: 1 })]) {
    const [one, other] = [makeBreaker({ trip }).breaker, makeBreaker({ trip }).breaker];
    fail(one);
    fail(other);
    expect([one.state, other.state]).toEqual(["closed", "closed"]);
    fail(one);
    expect([one.state, other.state]).toEqual(["open", "closed"]);
  }
});

describe("by default", () => {
  it("the caller's abort is neutral, whatever value it rejects with (C1, C2)", async () => {
    for (const reason of ["text", undefined, new Error("x"), new DOMException("x", "AbortError"), 7]) {
      for (const via of ["run", "layer"] as const) {
        const { breaker } = makeBreaker();
        const controller = new AbortController();
        const answer = deferred();
        const call = { signal: controller.signal };
        const running = via === "run" ? breaker.run(() => answer.promise, call) : breaker.layer(() => answer.promise)(1, call);
        controller.abort(reason);
        answer.reject(reason);
        expect(await errorOf(running)).toBe(reason);
        expect(breaker.state).toBe("closed");
        expect(breaker.stats).toMatchObject({ neutrals: 1, failures: 0 });
      }
    }
  });

  it("a sync throw after the caller aborted is neutral too", async () => {
    const { breaker } = makeBreaker();
    const signal = AbortSignal.abort("gone");
    const running = breaker.run(({ signal: own }) => {
      own?.throwIfAborted();
    }, { signal });
    expect(await errorOf(running)).toBe("gone");
    expect(breaker.stats).toMatchObject({ neutrals: 1, failures: 0 });
  });

  it("an error named AbortError is a failure when the caller's own signal did not abort (C2)", async () => {
    const { breaker } = makeBreaker();
    const signal = new AbortController().signal;
    await errorOf(breaker.run(rejecting(new DOMException("inner timeout", "AbortError")), { signal }));
    expect(breaker.state).toBe("open");
  });

  it("with many calls in flight each abort is its own caller's", async () => {
    const { breaker } = makeBreaker({ trip: consecutiveFailures(2) });
    const [gone, here] = [new AbortController(), new AbortController()];
    gone.abort();
    const work = (): Promise<never> => Promise.reject(new Error("x"));
    const calls = [gone, here, gone].map(({ signal }) => breaker.run(work, { signal }));
    await Promise.allSettled(calls);
    expect(breaker.stats).toMatchObject({ neutrals: 2, failures: 1, state: "closed" });
  });

  it("a local refusal is neutral: a full limiter or an inner breaker opens nothing (C3)", async () => {
    const { breaker } = makeBreaker();
    const refusal = new RejectedError("ERR_LIMITER_REJECTED", "full", { reason: "queue-full" });
    expect(await errorOf(breaker.run(rejecting(refusal)))).toBe(refusal);
    const inner = makeBreaker().breaker;
    fail(inner);
    await errorOf(breaker.layer((_: number, call) => inner.run(() => 1, call))(1, {}));
    expect(breaker.stats).toMatchObject({ state: "closed", neutrals: 2, failures: 0 });
  });

  it("any value is a success, undefined and an Error included, and a sync throw a failure (C6)", async () => {
    const { breaker } = makeBreaker();
    const error = new Error("as a value");
    for (const value of [undefined, null, 0, "", error, { then: 1 }]) expect(await breaker.run(() => value)).toBe(value);
    expect(breaker.stats).toMatchObject({ state: "closed", successes: 6 });
    await errorOf(breaker.run(throwing(undefined)));
    expect(breaker.state).toBe("open");
  });
});

describe("classify", () => {
  it("decides about values and errors alike, with the caller's call at hand", async () => {
    const seen: unknown[] = [];
    const { breaker } = makeBreaker({
      trip: consecutiveFailures(Infinity),
      classify: (result, call) => {
        seen.push([result, call]);
        return result.status === "fulfilled" ? "failure" : "success";
      },
    });
    const call = { priority: 3 };
    await breaker.run(() => 503, call);
    await errorOf(breaker.layer(rejecting("404"))(1, call));
    await errorOf(breaker.run(throwing("sync")));
    expect(seen).toEqual([
      [{ status: "fulfilled", value: 503 }, call],
      [{ status: "rejected", reason: "404" }, call],
      [{ status: "rejected", reason: "sync" }, {}],
    ]);
    expect(breaker.stats).toMatchObject({ failures: 1, successes: 2, neutrals: 0 });
  });

  it("a value that counts as a failure is the cause of the refusals it leads to", async () => {
    const { breaker } = makeBreaker({ classify: () => "failure" });
    const answer = { status: 503 };
    expect(await breaker.run(async () => answer)).toBe(answer);
    expect(await errorOf(breaker.run(() => 1))).toMatchObject({ cause: answer });
  });

  it("neutral by classify frees the probe's place", async () => {
    const { breaker, clock } = makeBreaker({ classify: ({ status }) => (status === "fulfilled" ? "neutral" : "failure") });
    await errorOf(breaker.run(rejecting("down")));
    clock.jump(100);
    expect(await breaker.run(() => "cached")).toBe("cached");
    expect(breaker.state).toBe("half-open");
    expect(breaker.retryAfterMs).toBe(0);
  });

  it("undefined leaves the default: value success, error failure, abort and refusal neutral", async () => {
    const { breaker } = makeBreaker({ trip: consecutiveFailures(Infinity), classify: () => undefined });
    await breaker.run(() => 1);
    await errorOf(breaker.run(rejecting("x")));
    await errorOf(breaker.run(rejecting("x"), { signal: AbortSignal.abort() }));
    await errorOf(breaker.run(rejecting(new RejectedError("ERR", "full", { reason: "full" }))));
    expect(breaker.stats).toMatchObject({ successes: 1, failures: 1, neutrals: 2 });
  });

  it("when it throws or answers nonsense, caller and count are as without it, and a warning is given (F1)", async () => {
    const boom = new Error("boom");
    for (const classify of [throwing(boom), () => "fine" as never, () => 7 as never]) {
      const warnings = catchWarnings();
      const { breaker, clock } = makeBreaker({ classify });
      expect(await breaker.run(() => "value")).toBe("value");
      expect(breaker.state).toBe("closed");
      expect(await errorOf(breaker.run(rejecting("down")))).toBe("down");
      expect(breaker.state).toBe("open");
      clock.jump(100);
      expect(await breaker.run(() => "up")).toBe("up");
      expect(breaker.state).toBe("closed");
      expect(warnings).toHaveBeenCalledTimes(3);
      expect(warnings.mock.calls[0]?.[0]).toSatisfy((error) => error === boom || error instanceof TypeError);
      warnings.mockRestore();
    }
  });
});

it("a trip of one's own is asked once per finished call and makes a new window each time it closes", () => {
  const windows: boolean[][] = [];
  const trip = {
    createWindow: () => {
      const seen: boolean[] = [];
      windows.push(seen);
      const report = { reason: "two", calls: 2, failures: 1 };
      return {
        record: (isFailure: boolean) => void seen.push(isFailure),
        verdict: () => (seen.length === 2 ? report : undefined),
        isClean: () => true,
      };
    },
  };
  const { breaker, clock } = makeBreaker({ trip });
  breaker.on("opened", ({ reason }) => expect(reason).toBe("two"));
  succeed(breaker);
  acquire(breaker).neutral();
  fail(breaker);
  clock.jump(100);
  succeed(breaker);
  expect(windows).toEqual([[false, true], []]);
});

it("a trip that throws costs no caller the result (F1)", async () => {
  const warnings = catchWarnings();
  const record = throwing(new Error("bad trip"));
  const { breaker } = makeBreaker({ trip: { createWindow: () => ({ record, verdict: () => undefined, isClean: () => true }) } });
  expect(await breaker.run(() => "value")).toBe("value");
  expect(await errorOf(breaker.run(rejecting("error")))).toBe("error");
  acquire(breaker).success();
  expect(breaker.state).toBe("closed");
  expect(warnings).toHaveBeenCalledTimes(3);
  warnings.mockRestore();
});
