import { noCall, type Call } from "@breakwater/core";
import { Breaker, consecutiveFailures, countWindow, slowCalls, type BreakerOptions } from "@breakwater/breaker";
import { describe, expect, it } from "vitest";
import { acquire, catchWarnings, errorOf, fail, makeBreaker, rejecting } from "./helpers.ts";

describe("run and layer", () => {
  it("hand on the very call and input that they got, and answer with the very value", async () => {
    const { breaker } = makeBreaker();
    const [call, input, value]: [Call, object, object] = [{ priority: 1 }, {}, {}];
    const seen: unknown[] = [];
    expect(await breaker.run((own) => (seen.push(own), value), call)).toBe(value);
    expect(await breaker.layer(async (...own) => (seen.push(...own), value))(input, call)).toBe(value);
    expect(await breaker.run(async (own) => (seen.push(own), value))).toBe(value);
    expect(seen).toEqual([call, input, call, noCall]);
    expect(seen[0]).toBe(call);
    expect(seen[2]).toBe(call);
    expect(seen[3]).toBe(noCall);
  });

  it("start the work in the same turn", () => {
    const { breaker } = makeBreaker();
    let started = 0;
    void breaker.run(() => (started += 1));
    void breaker.layer(async () => (started += 1))(1, {});
    expect(started).toBe(2);
  });

  it("take values, promises and thenables", async () => {
    const { breaker } = makeBreaker();
    const thenable: PromiseLike<string> = { then: (resolve) => Promise.resolve("then").then(resolve) };
    expect([await breaker.run(() => 1), await breaker.run(async () => 2), await breaker.run(() => thenable)]).toEqual([1, 2, "then"]);
    const refusing: PromiseLike<string> = { then: (_, reject) => rejecting("no")().then(null, reject) };
    expect(await errorOf(breaker.run(() => refusing))).toBe("no");
    expect(breaker.stats).toMatchObject({ successes: 3, failures: 1 });
  });

  it("a service that is called without a call, as JavaScript may, hands on an empty one", async () => {
    const { breaker } = makeBreaker();
    const guarded = breaker.layer(async (_, call) => call) as (input: number) => Promise<unknown>;
    expect(await guarded(1)).toBe(noCall);
    const bad = breaker.layer(async (): Promise<unknown> => rejecting("own")()) as (input: number) => Promise<unknown>;
    expect(await errorOf(bad(1))).toBe("own");
    expect(breaker.stats).toMatchObject({ successes: 1, failures: 1 });
  });

  it("one breaker guards several services, and all see what each learns", async () => {
    const { breaker } = makeBreaker();
    const bad = breaker.layer(rejecting("down"));
    const good = breaker.layer(async () => 1);
    await errorOf(bad(1, {}));
    expect(await errorOf(good(1, {}))).toMatchObject({ code: "ERR_BREAKER_OPEN" });
  });

  it("nested run of the same breaker counts both calls", async () => {
    const { breaker } = makeBreaker();
    await breaker.run(() => breaker.run(() => 1));
    expect(breaker.stats.successes).toBe(2);
  });
});

describe("a permit", () => {
  it("is settled once; whatever is said after that changes nothing", () => {
    const { breaker } = makeBreaker({ trip: consecutiveFailures(2) });
    for (const first of ["success", "failure", "neutral"] as const) {
      const permit = acquire(breaker);
      permit[first]();
      for (const later of ["success", "failure", "failure", "neutral"] as const) permit[later]();
    }
    expect(breaker.stats).toMatchObject({ successes: 1, failures: 1, neutrals: 1, state: "closed" });
  });

  it("takes a duration that is no number from 0 as not given, with a warning", () => {
    const warnings = catchWarnings();
    const { breaker, clock } = makeBreaker({ trip: slowCalls({ slowMs: 50, trip: consecutiveFailures(1) }) });
    for (const wrong of [NaN, -5, "9999" as never]) {
      acquire(breaker).success(wrong);
      acquire(breaker).neutral(wrong);
      acquire(breaker).failure("x", wrong);
    }
    expect(breaker.state).toBe("closed");
    const slow = acquire(breaker);
    clock.jump(50);
    slow.success(NaN);
    expect(breaker.state).toBe("open");
    expect(warnings).toHaveBeenCalledTimes(10);
    expect(String(warnings.mock.calls[0]?.[0])).toMatch(/durationMs must be a number from 0 .*NaN/);
    warnings.mockRestore();
  });

  it("reset closes it from open and from half-open, and frees the probe's place", () => {
    const { breaker, clock } = makeBreaker();
    fail(breaker);
    breaker.reset();
    expect([breaker.state, breaker.retryAfterMs]).toEqual(["closed", 0]);
    fail(breaker);
    clock.jump(100);
    const probe = acquire(breaker);
    breaker.reset();
    probe.failure();
    expect(breaker.state).toBe("closed");
    acquire(breaker);
  });
});

describe("options", () => {
  it("that are wrong are refused at construction, naming option and value", () => {
    const wrong: [unknown, ErrorConstructor, RegExp][] = [
      [{ breakMs: NaN }, RangeError, /breakMs.*NaN/],
      [{ breakMs: 0 }, RangeError, /breakMs.*got 0/],
      [{ breakMs: -1 }, RangeError, /breakMs.*-1/],
      [{ breakMs: "30s" }, TypeError, /breakMs.*"30s"/],
      [{ breakMs: null }, TypeError, /breakMs.*null/],
      [{ probeTimeoutMs: 0 }, RangeError, /probeTimeoutMs.*got 0/],
      [{ probeTimeoutMs: NaN }, RangeError, /probeTimeoutMs.*NaN/],
      [{ trip: 5 }, TypeError, /trip\.createWindow/],
      [{ trip: null }, TypeError, /trip\.createWindow/],
      [{ trip: { createWindow: () => ({}), slowMs: 5 } }, TypeError, /trip\.slowMs must be an array, got number/],
      [{ trip: { createWindow: () => ({}), slowMs: ["5"] } }, TypeError, /trip\.slowMs must be a number, got "5"/],
      [{ clock: {} }, TypeError, /clock\.now must be a function/],
      [{ clock: null }, TypeError, /clock\.now must be a function/],
      [{ mode: Symbol("off") }, RangeError, /mode must be .*, got Symbol\(off\)/],
      [{ classify: "all" }, TypeError, /classify.*"all"/],
    ];
    for (const [options, type, message] of wrong) {
      const make = (): Breaker => new Breaker(options as BreakerOptions);
      expect(make).toThrow(type);
      expect(make).toThrow(message);
    }
  });

  it("of a trip are refused when the trip is made", () => {
    for (const threshold of [0, -1, 1.5, NaN, -Infinity]) {
      expect(() => consecutiveFailures(threshold)).toThrow(RangeError);
      expect(() => consecutiveFailures(threshold)).toThrow(`got ${threshold}`);
    }
    expect(() => consecutiveFailures("5" as never)).toThrow(TypeError);
    const good = { size: 10, failureRatio: 0.5 };
    for (const [option, values] of Object.entries({
      size: [0, -1, 2.5, NaN, Infinity, 1_000_001],
      failureRatio: [0, -0.1, 1.1, NaN, Infinity],
      minimumCalls: [0, -1, 1.5, NaN, 11, Infinity],
    })) {
      for (const value of values) {
        const make = (): unknown => countWindow({ ...good, [option]: value });
        expect(make).toThrow(RangeError);
        expect(make).toThrow(new RegExp(`${option}.*got ${value}`));
      }
    }
  });

  it("may be undefined, or Infinity where that makes sense", () => {
    new Breaker({ name: undefined, trip: undefined, breakMs: undefined, probeTimeoutMs: undefined, classify: undefined });
    new Breaker({ breakMs: Infinity, probeTimeoutMs: Infinity, trip: consecutiveFailures(Infinity) });
    expect(new Breaker({ name: "orders" }).name).toBe("orders");
  });

  it("are read once: neither is the object written to, nor are later changes seen (D2)", () => {
    const options = { ...makeBreaker(), name: "a", trip: consecutiveFailures(1), breakMs: 100 };
    const [one, other] = [new Breaker(Object.freeze({ ...options })), new Breaker(options)];
    options.breakMs = 5;
    options.trip = consecutiveFailures(50);
    fail(one);
    fail(other);
    expect([one.retryAfterMs, other.retryAfterMs]).toEqual([100, 100]);
  });

  it("a break is 30 seconds by default", () => {
    const { breaker } = makeBreaker({ breakMs: undefined });
    fail(breaker);
    expect(breaker.retryAfterMs).toBe(30_000);
  });
});
