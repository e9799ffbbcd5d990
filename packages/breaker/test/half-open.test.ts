import { Breaker, consecutiveFailures } from "@breakwater/breaker";
import { ManualClock, settled } from "@breakwater/core/testing";
import { describe, expect, it } from "vitest";
import { acquire, deferred, errorOf, fail, makeBreaker, succeed, throwing, transitionsOf } from "./helpers.ts";

function halfOpen(options: { probeTimeoutMs?: number } = {}): { breaker: Breaker; clock: ManualClock } {
  const made = makeBreaker(options);
  fail(made.breaker, "down");
  made.clock.jump(100);
  return made;
}

describe("after the break", () => {
  it("one caller probes and the rest is refused at once, not queued (B2)", async () => {
    const { breaker } = halfOpen();
    const answer = deferred();
    let started = 0;
    const calls = Array.from({ length: 1000 }, () =>
      breaker.run(() => {
        started += 1;
        return answer.promise;
      }),
    );
    const results = Promise.allSettled(calls);
    await settled();
    expect(started).toBe(1);
    expect(breaker.stats.rejections).toBe(999);
    answer.resolve("up");
    expect((await results).filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it("a successful probe closes it, and everybody goes", () => {
    const { breaker } = halfOpen();
    succeed(breaker);
    expect(breaker.state).toBe("closed");
    acquire(breaker);
    acquire(breaker);
  });

  it("a failed probe opens it for a whole break, and its error is the new cause", async () => {
    const { breaker, clock } = halfOpen();
    const probe = acquire(breaker);
    clock.jump(30);
    probe.failure("still down");
    expect(breaker.retryAfterMs).toBe(100);
    expect(await errorOf(breaker.run(() => 1))).toMatchObject({ cause: "still down", reason: "open" });
  });

  it("a probe that never settles loses its place to the next caller when its lease ends (B1)", async () => {
    const { breaker, clock } = halfOpen({ probeTimeoutMs: 40 });
    void breaker.run(() => new Promise(() => undefined));
    clock.jump(39);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.jump(1);
    await expect(breaker.run(() => "up")).resolves.toBe("up");
    expect(breaker.state).toBe("closed");
  });

  it("the lease is as long as the break unless told otherwise", () => {
    const { breaker, clock } = halfOpen();
    acquire(breaker);
    clock.jump(99);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.jump(1);
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it("with a lease of Infinity a lost probe is waited for, and reset helps", () => {
    const { breaker, clock } = halfOpen({ probeTimeoutMs: Infinity });
    acquire(breaker);
    clock.jump(1e15);
    expect(breaker.tryAcquire()).toBeUndefined();
    breaker.reset();
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it("a neutral probe frees its place and changes nothing else (B3)", () => {
    const { breaker } = halfOpen();
    const seen = transitionsOf(breaker);
    acquire(breaker).neutral();
    expect(breaker.state).toBe("half-open");
    expect(breaker.retryAfterMs).toBe(0);
    const next = acquire(breaker);
    expect(breaker.tryAcquire()).toBeUndefined();
    next.success();
    expect(seen).toEqual(["halfOpened", "closed"]);
  });

  it("a probe whose caller aborts neither closes nor opens it (B3)", async () => {
    const { breaker } = halfOpen();
    const controller = new AbortController();
    const answer = deferred();
    const probe = breaker.run(() => answer.promise, { signal: controller.signal });
    controller.abort("gone");
    answer.reject("gone");
    await expect(probe).rejects.toBe("gone");
    expect(breaker.state).toBe("half-open");
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it("a probe that throws at once gives its verdict and keeps no place (B4)", async () => {
    const { breaker, clock } = halfOpen();
    const crash = new Error("sync");
    expect(await errorOf(breaker.run(throwing(crash)))).toBe(crash);
    expect(breaker.state).toBe("open");
    clock.jump(100);
    await breaker.layer(async () => 1)(1, {});
    expect(breaker.state).toBe("closed");
  });

  it("a thenable that never calls back costs its lease and no more (B4)", () => {
    const { breaker, clock } = halfOpen();
    void breaker.run(() => ({ then: () => undefined as never }));
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.jump(100);
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it("a generator that is left early gives the place back through using (B4)", () => {
    const { breaker } = halfOpen();
    function* rows(): Generator<number> {
      const permit = acquire(breaker);
      try {
        yield 1;
        permit.success();
      } finally {
        permit[Symbol.dispose]();
      }
    }
    for (const row of rows()) if (row === 1) break;
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it("a permit that was settled is not undone by its disposal", () => {
    const { breaker } = halfOpen();
    const permit = acquire(breaker);
    permit.success();
    permit[Symbol.dispose]();
    expect(breaker.state).toBe("closed");
    expect(breaker.stats.neutrals).toBe(0);
  });
});

it("once a probe has closed it, what that probe says next is nothing", () => {
  const clock = new ManualClock();
  const breaker = new Breaker({ trip: consecutiveFailures(1), breakMs: 10, clock });
  fail(breaker);
  clock.jump(10);
  const probe = acquire(breaker);
  probe.success();
  probe.failure();
  probe.neutral();
  expect(breaker.state).toBe("closed");
  expect(breaker.stats).toMatchObject({ successes: 1, failures: 1, neutrals: 0 });
});
