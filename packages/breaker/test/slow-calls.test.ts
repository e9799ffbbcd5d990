import { consecutiveFailures, countWindow, anyOf, slowCalls, type BreakerEvents } from "@breakwater/breaker";
import { describe, expect, it } from "vitest";
import { acquire, catchWarnings, deferred, fail, makeBreaker, rejecting, succeed, times } from "./helpers.ts";

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


  it("may not be put round itself", () => {
    expect(() => slowCalls({ slowMs: 10, trip: threeSlow })).toThrow("trip must judge outcomes: it watches durations itself");
    expect(() => slowCalls({ slowMs: 0, trip: consecutiveFailures() })).toThrow("slowMs must be a number from 1");
    expect(() => slowCalls({ slowMs: Infinity, trip: consecutiveFailures() })).toThrow(RangeError);
    expect(() => slowCalls({ slowMs: 10, trip: 5 as never })).toThrow("trip.createWindow must be a function");
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
