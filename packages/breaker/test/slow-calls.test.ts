import { consecutiveFailures, countWindow, anyOf, slowCalls, type BreakerEvents, type BreakerOptions } from "@breakwater/breaker";
import { describe, expect, it } from "vitest";
import { acquire, catchWarnings, deferred, errorOf, fail, makeBreaker, rejecting, succeed, times } from "./helpers.ts";

const threeSlow = slowCalls({ slowMs: 50, trip: consecutiveFailures(3) });

describe("a trip for slow calls", () => {
  it("counts calls that are still running, once each, and opens while they hang", async () => {
    const { breaker, clock } = makeBreaker({ trip: threeSlow });
    const answer = deferred();
    const hanging = [1, 2, 3].map(() => breaker.run(() => answer.promise));
    clock.jump(50);
    expect(breaker.state).toBe("closed"); // nobody has come by
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.state).toBe("open");
    answer.resolve("late");
    expect(await Promise.all(hanging)).toEqual(["late", "late", "late"]);
    expect(breaker.stats).toMatchObject({ openings: 1, successes: 3 });
  });

  it("counts a call that was found slow while it ran no second time when it ends", () => {
    const { breaker, clock } = makeBreaker({ trip: slowCalls({ slowMs: 50, trip: countWindow({ size: 4, failureRatio: 1 }) }) });
    const two = [acquire(breaker), acquire(breaker)];
    clock.jump(60);
    acquire(breaker).neutral(); // finds both
    for (const permit of two) permit.success();
    expect(breaker.state).toBe("closed"); // 2 of 2, not 4 of 4
    const more = [acquire(breaker), acquire(breaker)];
    clock.jump(60);
    for (const permit of more) permit.success();
    expect(breaker.state).toBe("open");
  });

  it("a call is slow from slowMs on, and fast just before", () => {
    const { breaker, clock } = makeBreaker({ trip: slowCalls({ slowMs: 50, trip: consecutiveFailures(1) }) });
    const fast = acquire(breaker);
    clock.jump(49);
    fast.success();
    expect(breaker.state).toBe("closed");
    const slow = acquire(breaker);
    clock.jump(50);
    slow.success();
    expect(breaker.state).toBe("open");
  });

  it("a fast failure is not slow, and a fast call between slow ones breaks the row", () => {
    const { breaker, clock } = makeBreaker({ trip: threeSlow });
    times(10, () => fail(breaker));
    const slow = (): void => {
      const permit = acquire(breaker);
      clock.jump(50);
      permit.success();
    };
    times(2, slow);
    succeed(breaker);
    times(2, slow);
    expect(breaker.state).toBe("closed");
    slow();
    expect(breaker.state).toBe("open");
  });

  it("what the caller says of the duration counts for more than the clock", () => {
    const { breaker } = makeBreaker({ trip: slowCalls({ slowMs: 50, trip: consecutiveFailures(1) }) });
    acquire(breaker).success(49);
    expect(breaker.state).toBe("closed");
    acquire(breaker).failure(undefined, 50);
    expect(breaker.state).toBe("open");
  });

  it("a call that ends neutral before it is slow is not counted; after that it was", () => {
    const { breaker, clock } = makeBreaker({ trip: slowCalls({ slowMs: 50, trip: consecutiveFailures(1) }) });
    const early = acquire(breaker);
    clock.jump(49);
    early.neutral();
    expect(breaker.state).toBe("closed");
    const late = acquire(breaker);
    clock.jump(50);
    late.neutral();
    expect(breaker.state).toBe("open");
  });

  it("each of several durations counts each call once", () => {
    const { breaker, clock } = makeBreaker({
      trip: anyOf(slowCalls({ slowMs: 10, trip: consecutiveFailures(5) }), slowCalls({ slowMs: 100, trip: consecutiveFailures(2) })),
    });
    const seen: BreakerEvents["opened"][] = [];
    breaker.on("opened", (event) => seen.push(event));
    const hung = [acquire(breaker), acquire(breaker)];
    clock.jump(10);
    acquire(breaker).neutral();
    clock.jump(90);
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(seen).toMatchObject([{ reason: "slow-calls", failures: 2, cause: { message: "2 of 2 calls: slow-calls" } }]);
    for (const permit of hung) permit.success();
    expect(breaker.stats.openings).toBe(1);
  });

  it("a probe that is slow has failed, found while it runs or at its end", () => {
    const { breaker, clock } = makeBreaker({ trip: slowCalls({ slowMs: 50, trip: consecutiveFailures(1) }), probeTimeoutMs: 1_000 });
    breaker.forceOpen(10);
    clock.jump(10);
    const hung = acquire(breaker);
    clock.jump(50);
    expect(breaker.tryAcquire()).toBeUndefined();
    expect([breaker.state, breaker.retryAfterMs]).toEqual(["open", 100]);
    clock.jump(100);
    const slow = acquire(breaker);
    hung.success(); // of an earlier time
    clock.jump(50);
    slow.success();
    expect([breaker.state, breaker.retryAfterMs]).toEqual(["open", 100]);
    clock.jump(100);
    succeed(breaker);
    expect(breaker.state).toBe("closed");
  });

  it("what the caller says of the duration counts, however late it is said and whatever the clock has seen", () => {
    for (const end of ["success", "neutral"] as const) {
      const { breaker, clock } = makeBreaker({ trip: slowCalls({ slowMs: 50, trip: consecutiveFailures(1) }) });
      const permit = acquire(breaker);
      clock.jump(5_000);
      permit[end](49);
      expect(breaker.state).toBe("closed");
      acquire(breaker)[end](50);
      expect(breaker.state).toBe("open");
      clock.jump(100);
      const probe = acquire(breaker);
      clock.jump(5_000);
      probe[end](49);
      expect(breaker.state).toBe(end === "success" ? "closed" : "half-open");
    }
    const { breaker, clock } = makeBreaker({ trip: slowCalls({ slowMs: 50, trip: consecutiveFailures(1) }) });
    const permit = acquire(breaker);
    clock.jump(5_000);
    permit.failure(undefined, 49);
    expect(breaker.state).toBe("closed");
  });

  it("the end of any call finds those that became slow, of one from before a break, too", () => {
    for (const end of ["success", "failure", "neutral"] as const) {
      const { breaker, clock } = makeBreaker({ trip: slowCalls({ slowMs: 50, trip: consecutiveFailures(1) }) });
      const old = [acquire(breaker), acquire(breaker)];
      breaker.forceOpen(100);
      clock.jump(100);
      acquire(breaker);
      clock.jump(50);
      old[0]?.[end](0);
      expect([breaker.state, breaker.stats.openings]).toEqual(["open", 2]); // the probe
      clock.jump(100);
      succeed(breaker);
      acquire(breaker);
      clock.jump(50);
      old[1]?.[end](0);
      expect([breaker.state, breaker.stats.openings]).toEqual(["open", 3]); // the call
    }
  });

  it("blames no old failure when calls are only slow, and no failure that came along with them", async () => {
    const trip = anyOf(consecutiveFailures(9), slowCalls({ slowMs: 50, trip: consecutiveFailures(3) }));
    for (const end of ["success", "failure"] as const) {
      const { breaker, clock } = makeBreaker({ trip });
      fail(breaker, "hours ago");
      const slow = [1, 2, 3].map(() => acquire(breaker));
      clock.jump(50);
      if (end === "success") slow[0]?.success();
      else slow[0]?.failure("at last");
      expect(await errorOf(breaker.run(() => 1))).toMatchObject({ cause: { message: "3 of 3 calls: slow-calls" } });
    }
    const { breaker } = makeBreaker({ trip });
    times(9, () => fail(breaker, "down"));
    expect(await errorOf(breaker.run(() => 1))).toMatchObject({ cause: "down" });
  });

  it("may not be put round itself", () => {
    expect(() => slowCalls({ slowMs: 10, trip: threeSlow })).toThrow("trip must judge outcomes: it watches durations itself");
    expect(() => slowCalls({ slowMs: 0, trip: consecutiveFailures() })).toThrow("slowMs must be a number from 1");
    expect(() => slowCalls({ slowMs: Infinity, trip: consecutiveFailures() })).toThrow(RangeError);
    expect(() => slowCalls({ slowMs: 10, trip: 5 as never })).toThrow("trip.createWindow must be a function");
  });
});

describe("a slow probe", () => {
  const slow = slowCalls({ slowMs: 50, trip: consecutiveFailures(1) });

  function halfOpen(options: BreakerOptions): ReturnType<typeof makeBreaker> {
    const made = makeBreaker({ trip: slow, ...options });
    made.breaker.forceOpen(10);
    made.clock.jump(10);
    return made;
  }

  it("has failed though it says nothing in the end", () => {
    const { breaker, clock } = halfOpen({ probeTimeoutMs: 1_000 });
    const probe = acquire(breaker);
    clock.jump(50);
    probe.neutral();
    expect([breaker.state, breaker.stats.openings]).toEqual(["open", 2]);
    clock.jump(100);
    acquire(breaker).neutral();
    expect(breaker.state).toBe("half-open");
  });

  it("whose lease is shorter frees its place, and has failed when it is slow all the same", () => {
    const { breaker, clock } = halfOpen({ probeTimeoutMs: 20 });
    acquire(breaker);
    clock.jump(20);
    acquire(breaker);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.jump(29);
    acquire(breaker);
    clock.jump(1);
    expect(breaker.tryAcquire()).toBeUndefined();
    expect([breaker.state, breaker.stats.openings]).toEqual(["open", 2]);
  });

  it("that is overdue, but not slow yet, closes it with a late success", () => {
    const { breaker, clock } = halfOpen({ probeTimeoutMs: 20 });
    const probe = acquire(breaker);
    clock.jump(20);
    acquire(breaker);
    clock.jump(29);
    probe.success();
    expect(breaker.state).toBe("closed");
  });

  it("is found when another one ends, before the other one counts as good", () => {
    const { breaker, clock } = halfOpen({ probes: 3, probeSuccessRatio: 0.6 });
    times(2, () => acquire(breaker));
    clock.jump(20);
    const fast = acquire(breaker);
    clock.jump(30);
    fast.success();
    expect([breaker.state, breaker.stats.openings]).toEqual(["open", 2]);
  });

  it("counts once: what it says after it was found is nothing", () => {
    for (const end of ["success", "failure", "neutral"] as const) {
      const { breaker, clock } = halfOpen({ probes: 2, probeSuccessRatio: 0.5 });
      const probe = acquire(breaker);
      clock.jump(50);
      acquire(breaker).neutral();
      probe[end]();
      expect(breaker.state).toBe("half-open");
      succeed(breaker);
      expect(breaker.state).toBe("closed");
    }
  });

  it("that fails with word of how long to wait is heard first", async () => {
    const { breaker, clock } = halfOpen({ probeTimeoutMs: 1_000, classify: () => ({ outcome: "failure", tripForMs: 777 }) });
    const answer = deferred();
    const probe = breaker.run(() => answer.promise);
    clock.jump(50);
    answer.reject("429");
    expect(await errorOf(probe)).toBe("429");
    expect([breaker.state, breaker.retryAfterMs]).toEqual(["open", 777]);
  });
});

it("a failing trip for durations fails no caller who comes by", async () => {
  const { breaker, clock } = makeBreaker({
    trip: {
      slowMs: [10],
      createWindow: () => ({
        record: () => undefined,
        recordDuration: () => {
          throw new Error("bad window");
        },
        verdict: () => undefined,
        isClean: () => true,
      }),
    },
  });
  const warnings = catchWarnings();
  void breaker.run(() => new Promise(() => undefined));
  clock.jump(10);
  expect(await breaker.run(() => "served")).toBe("served");
  await expect(breaker.run(rejecting("own"))).rejects.toBe("own");
  expect(warnings.mock.calls.map(([error]) => (error as Error).message)).toEqual(["bad window", "bad window", "bad window"]);
  warnings.mockRestore();
});
