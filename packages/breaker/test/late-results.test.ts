import { consecutiveFailures, countWindow } from "@breakwater/breaker";
import { settled } from "@breakwater/core/testing";
import { describe, expect, it } from "vitest";
import { acquire, deferred, fail, makeBreaker, succeed, times, transitionsOf } from "./helpers.ts";

describe("a result is credited to the state that admitted the call, or dropped", () => {
  it("a late failure from the closed state does not end the probe that is out (A1)", () => {
    const { breaker, clock } = makeBreaker();
    const late = acquire(breaker);
    fail(breaker, "first");
    clock.jump(100);
    const probe = acquire(breaker);
    late.failure("late");
    expect(breaker.state).toBe("half-open");
    expect(breaker.tryAcquire()).toBeUndefined();
    probe.success();
    expect(breaker.state).toBe("closed");
    expect(breaker.stats.openings).toBe(1);
  });

  it("failures that began before the break do not open it again after it closed (A2)", () => {
    const { breaker, clock } = makeBreaker({ trip: consecutiveFailures(3) });
    const late = [acquire(breaker), acquire(breaker), acquire(breaker)];
    times(3, () => fail(breaker));
    clock.jump(100);
    succeed(breaker);
    for (const permit of late) permit.failure();
    expect(breaker.state).toBe("closed");
    times(2, () => fail(breaker));
    expect(breaker.state).toBe("closed"); // not one of the late ones was counted
  });

  it("a late success does not close it while the real probe runs (A3)", () => {
    const { breaker, clock } = makeBreaker();
    const late = acquire(breaker);
    fail(breaker);
    clock.jump(100);
    const probe = acquire(breaker);
    late.success();
    expect(breaker.state).toBe("half-open");
    probe.failure("still down");
    expect(breaker.state).toBe("open");
  });

  it("a late failure does not open it when the break is over and no probe was sent (A3)", () => {
    const { breaker, clock } = makeBreaker();
    const late = acquire(breaker);
    fail(breaker);
    clock.jump(100);
    late.failure();
    expect(breaker.retryAfterMs).toBe(0);
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it("late successes, however many, do not give the verdict of the probe (A4)", () => {
    const { breaker, clock } = makeBreaker();
    const late = [acquire(breaker), acquire(breaker), acquire(breaker)];
    fail(breaker);
    clock.jump(100);
    acquire(breaker);
    for (const permit of late) permit.success();
    expect(breaker.state).toBe("half-open");
  });

  it("a late neutral result does not free the place of a probe (A5)", () => {
    const { breaker, clock } = makeBreaker();
    const late = acquire(breaker);
    fail(breaker);
    clock.jump(100);
    acquire(breaker);
    late.neutral();
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  it("an overdue probe still gives the verdict while its half-open period lasts, so slowness cannot keep it open", () => {
    for (const [say, state] of [["success", "closed"], ["failure", "open"]] as const) {
      const { breaker, clock } = makeBreaker({ probeTimeoutMs: 10 });
      fail(breaker);
      clock.jump(100);
      const slow = acquire(breaker);
      clock.jump(10);
      const next = acquire(breaker);
      slow[say]();
      expect(breaker.state).toBe(state);
      next[say === "success" ? "failure" : "success"](); // of a period that is over
      expect(breaker.state).toBe(state);
    }
  });

  it("an overdue probe that says nothing does not free the place of the one that replaced it (A5)", () => {
    const { breaker, clock } = makeBreaker({ probeTimeoutMs: 10 });
    fail(breaker);
    clock.jump(100);
    const slow = acquire(breaker);
    clock.jump(10);
    acquire(breaker);
    slow.neutral();
    expect(breaker.state).toBe("half-open");
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  it("a probe of an earlier break gives no verdict in a later one (A6)", () => {
    const { breaker, clock } = makeBreaker({ probeTimeoutMs: 10 });
    fail(breaker);
    clock.jump(100);
    const early = acquire(breaker);
    clock.jump(10);
    fail(breaker); // its replacement fails, and a new break begins
    early.success();
    expect(breaker.state).toBe("open");
    clock.jump(100);
    acquire(breaker);
    early.success();
    expect(breaker.state).toBe("half-open");
  });

  it("calls that take longer than the window or the break count all the same (A7, C10)", () => {
    const { breaker, clock } = makeBreaker({ trip: countWindow({ size: 4, failureRatio: 1 }) });
    const slow = [acquire(breaker), acquire(breaker), acquire(breaker), acquire(breaker)];
    times(20, () => succeed(breaker)); // the window has turned five times
    clock.jump(1_000_000);
    for (const permit of slow) permit.failure();
    expect(breaker.state).toBe("open");
  });

  it("the rule holds for run and layer as well: late rejections and answers pass through and change nothing", async () => {
    const { breaker, clock } = makeBreaker();
    const [first, second] = [deferred(), deferred()];
    const late = [breaker.run(() => first.promise), breaker.layer(() => second.promise)(1, {})] as const;
    fail(breaker);
    clock.jump(100);
    const answer = deferred();
    const probe = breaker.run(() => answer.promise);
    first.resolve("late");
    second.reject("late too");
    await expect(late[0]).resolves.toBe("late");
    await expect(late[1]).rejects.toBe("late too");
    expect(breaker.state).toBe("half-open");
    answer.resolve("up");
    await expect(probe).resolves.toBe("up");
    expect(breaker.state).toBe("closed");
  });

  it("what still runs when it is reset does not count afterwards", async () => {
    const { breaker } = makeBreaker();
    const seen = transitionsOf(breaker);
    const answer = deferred();
    const running = breaker.run(() => answer.promise);
    breaker.reset();
    answer.reject("late");
    await expect(running).rejects.toBe("late");
    await settled();
    expect(breaker.state).toBe("closed");
    expect(seen).toEqual([]);
  });
});
