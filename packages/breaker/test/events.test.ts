import { settled } from "@breakwater/core/testing";
import { BreakerOpenError, type BreakerEvents } from "@breakwater/breaker";
import { describe, expect, it } from "vitest";
import { acquire, catchWarnings, errorOf, fail, FakeMeter, makeBreaker, rejecting, succeed, throwing } from "./helpers.ts";

describe("events", () => {
  it("tell each change of state once, when the state already says so", () => {
    const { breaker, clock } = makeBreaker();
    const seen: unknown[] = [];
    for (const type of ["opened", "halfOpened", "closed"] as const) {
      breaker.on(type, (event: BreakerEvents[typeof type]) => seen.push([type, breaker.state, event]));
    }
    fail(breaker, "one");
    clock.jump(100);
    fail(breaker, "two");
    clock.jump(100);
    acquire(breaker).neutral();
    succeed(breaker);
    fail(breaker, "three");
    breaker.reset();
    breaker.reset();
    expect(seen).toEqual([
      ["opened", "open", { from: "closed", reason: "consecutive-failures", calls: 1, failures: 1, cause: "one", retryAfterMs: 100, level: 1 }],
      ["halfOpened", "half-open", { from: "open", level: 1 }],
      ["opened", "open", { from: "half-open", reason: "probes-failed", calls: 1, failures: 1, cause: "two", retryAfterMs: 100, level: 2 }],
      ["halfOpened", "half-open", { from: "open", level: 2 }],
      ["closed", "closed", { from: "half-open", reason: "probes-passed", outageMs: 200 }],
      ["opened", "open", { from: "closed", reason: "consecutive-failures", calls: 1, failures: 1, cause: "three", retryAfterMs: 100, level: 3 }],
      ["closed", "closed", { from: "open", reason: "reset", outageMs: 0 }],
    ]);
  });

  it("rejected comes with every refusal, tryAcquire's included, and carries the very error of run", async () => {
    const { breaker } = makeBreaker();
    const seen: BreakerEvents["rejected"][] = [];
    fail(breaker, "down");
    const stop = breaker.on("rejected", (event) => seen.push(event));
    expect(breaker.tryAcquire()).toBeUndefined();
    const error = await errorOf(breaker.run(() => 1));
    stop();
    breaker.tryAcquire();
    expect(seen).toHaveLength(2);
    expect(seen[0]).toMatchObject({ reason: "open", error: { code: "ERR_BREAKER_OPEN", cause: "down" } });
    expect(seen[1]?.error).toBe(error);
  });

  it("a listener that throws fails no call and corrupts no state (F1)", async () => {
    const warnings = catchWarnings();
    const { breaker, clock } = makeBreaker();
    for (const type of ["opened", "halfOpened", "closed", "rejected"] as const) {
      breaker.on(type, () => {
        throw new Error(type);
      });
    }
    expect(await errorOf(breaker.run(rejecting("down")))).toBe("down");
    expect(await errorOf(breaker.run(() => 1))).toBeInstanceOf(BreakerOpenError);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.jump(100);
    expect(await breaker.run(() => "up")).toBe("up");
    expect(breaker.state).toBe("closed");
    expect(warnings.mock.calls.map(([error]) => (error as Error).message)).toEqual([
      "opened",
      "rejected",
      "rejected",
      "halfOpened",
      "closed",
    ]);
    warnings.mockRestore();
  });

  it("a listener that calls back in meets committed state, and all listeners see one order (F2)", async () => {
    const { breaker } = makeBreaker();
    const seen: string[] = [];
    breaker.on("opened", () => breaker.reset());
    for (const type of ["opened", "halfOpened", "closed", "rejected"] as const) breaker.on(type, () => seen.push(type));
    fail(breaker);
    expect(breaker.state).toBe("closed");
    expect(seen).toEqual(["opened", "closed"]);
    const other = makeBreaker();
    const inner: Promise<unknown>[] = [];
    other.breaker.on("halfOpened", () => inner.push(errorOf(other.breaker.run(() => "a second probe"))));
    fail(other.breaker);
    other.clock.jump(100);
    expect(await other.breaker.run(() => "the probe")).toBe("the probe");
    expect(await inner[0]).toMatchObject({ reason: "half-open" });
  });

  it("a listener that resets while the probe is being let in retires that probe (F2)", () => {
    const { breaker, clock } = makeBreaker();
    breaker.on("halfOpened", () => breaker.reset());
    fail(breaker);
    clock.jump(100);
    acquire(breaker).failure("of an epoch that is over");
    expect(breaker.state).toBe("closed");
  });

  it("listeners that come and go during a delivery take effect with the next (F3)", () => {
    const { breaker } = makeBreaker();
    const seen: string[] = [];
    const stop = breaker.on("opened", () => {
      stop();
      stop();
      breaker.on("opened", () => seen.push("new"));
    });
    breaker.on("opened", () => seen.push("second"));
    fail(breaker);
    expect(seen).toEqual(["second"]);
    breaker.reset();
    fail(breaker);
    expect(seen).toEqual(["second", "second", "new"]);
  });
});

describe("the meter", () => {
  const name = "orders";

  it("counts calls by outcome, changes by where they led, and shows the state as a number", async () => {
    const meter = new FakeMeter();
    const { breaker, clock } = makeBreaker({ name, meter });
    const gauge = meter.gauges.get('breakwater.breaker.state {"name":"orders"}');
    expect(gauge?.()).toBe(0);
    succeed(breaker);
    acquire(breaker).neutral();
    await errorOf(breaker.run(rejecting("x")));
    expect(gauge?.()).toBe(2);
    await errorOf(breaker.run(() => 1));
    breaker.tryAcquire();
    clock.jump(100);
    expect(gauge?.()).toBe(1);
    succeed(breaker);
    expect(Object.fromEntries(meter.counts)).toEqual({
      'breakwater.breaker.calls {"name":"orders","outcome":"success"}': 2,
      'breakwater.breaker.calls {"name":"orders","outcome":"neutral"}': 1,
      'breakwater.breaker.calls {"name":"orders","outcome":"failure"}': 1,
      'breakwater.breaker.calls {"name":"orders","outcome":"rejected"}': 2,
      'breakwater.breaker.transitions {"name":"orders","to":"open"}': 1,
      'breakwater.breaker.transitions {"name":"orders","to":"half-open"}': 1,
      'breakwater.breaker.transitions {"name":"orders","to":"closed"}': 1,
    });
  });

  it("has no name among its attributes when none was given", () => {
    const meter = new FakeMeter();
    succeed(makeBreaker({ meter }).breaker);
    expect([...meter.counts.keys()]).toEqual(['breakwater.breaker.calls {"outcome":"success"}']);
  });

  it("that throws costs no caller the result, and the breaker no protection", async () => {
    const warnings = catchWarnings();
    const broken = throwing(new Error("meter"));
    const meter = { counter: () => ({ add: broken }), histogram: () => ({ record: broken }), gauge: () => () => undefined };
    const { breaker, clock } = makeBreaker({ meter });
    expect(await breaker.run(() => 1)).toBe(1);
    expect(await errorOf(breaker.run(rejecting("x")))).toBe("x");
    await settled();
    expect(breaker.state).toBe("open");
    expect(await errorOf(breaker.run(() => 1))).toBeInstanceOf(BreakerOpenError);
    expect(breaker.tryAcquire()).toBeUndefined();
    breaker.observe();
    expect(await breaker.run(() => "by")).toBe("by");
    breaker.enable();
    clock.jump(100);
    acquire(breaker).neutral();
    expect(await breaker.run(() => "the probe")).toBe("the probe");
    expect(breaker.state).toBe("closed");
    // 5 calls, 4 of them timed, 2 refused, 1 that would have been, 3 changes
    expect(warnings.mock.calls.map(([error]) => (error as Error).message)).toEqual(Array(15).fill("meter"));
    warnings.mockRestore();
  });
});

it("stats are a snapshot: they stay as they were taken", () => {
  const { breaker } = makeBreaker();
  const before = breaker.stats;
  fail(breaker);
  breaker.tryAcquire();
  const rest = { mode: "auto", successes: 0, neutrals: 0, wouldReject: 0 };
  expect(before).toEqual({ ...rest, state: "closed", failures: 0, rejections: 0, openings: 0, level: 0, admissionRatio: 1 });
  expect(breaker.stats).toEqual({ ...rest, state: "open", failures: 1, rejections: 1, openings: 1, level: 1, admissionRatio: 0 });
});
