import { noCall } from "@breakwater/core";
import { Breaker, KeyedBreaker, ManualControl, consecutiveFailures, slowCalls, timeWindow, type KeyedBreakerOptions, type Trip } from "@breakwater/breaker";
import { ManualClock } from "@breakwater/core/testing";
import { describe, expect, expectTypeOf, it } from "vitest";
import { acquire, catchWarnings, errorOf, fail, FakeMeter, rejecting, succeed, throwing, times } from "./helpers.ts";

function makeKeyed(options: KeyedBreakerOptions = {}): { keyed: KeyedBreaker; clock: ManualClock } {
  const clock = new ManualClock(1_000);
  return { keyed: new KeyedBreaker({ trip: consecutiveFailures(1), breakMs: 100, clock, ...options }), clock };
}

const keysOf = (keyed: KeyedBreaker): string[] => [...keyed].map(([key]) => key);

describe("a breaker for each key", () => {
  it("opens for the key that fails and no other, and says which", async () => {
    const { keyed } = makeKeyed({ name: "origins" });
    expect(await errorOf(keyed.run("a", rejecting("down")))).toBe("down");
    const error = await errorOf(keyed.run("a", () => 1));
    expect(error).toMatchObject({ code: "ERR_BREAKER_OPEN", source: "a", cause: "down" });
    expect(await keyed.run("b", () => "up")).toBe("up");
    expect(keyed.stats).toMatchObject({ keys: 2, open: 1 });
    expect([keyed.name, keyed.get("a").name]).toEqual(["origins", "a"]);
    expect(keyed.health).toEqual({ status: "DEGRADED", reason: "breakers origins: 1 of 2 are open" });
    expect(makeKeyed().keyed.health.status).toBe("HEALTHY");
  });

  it("is the same one for the same key, made when first asked for, and only looked at by peek", () => {
    const { keyed } = makeKeyed();
    expect(keyed.peek("a")).toBeUndefined();
    const a = keyed.get("a");
    expect(a).toBeInstanceOf(Breaker);
    expect([keyed.get("a"), keyed.peek("a")]).toEqual([a, a]);
    expect(keysOf(keyed)).toEqual(["a"]);
    expect([keyed.delete("a"), keyed.delete("a"), keyed.peek("a")]).toEqual([true, false, undefined]);
  });

  it("takes keys like __proto__ as they come", async () => {
    const { keyed } = makeKeyed();
    await errorOf(keyed.run("__proto__", rejecting("x")));
    expect(await keyed.run("constructor", () => 1)).toBe(1);
    expect(keysOf(keyed)).toEqual(["__proto__", "constructor"]);
  });

  it("guards a service by what it finds in input and call", async () => {
    const { keyed } = makeKeyed();
    const guarded = keyed.layer((url: URL) => url.origin)(async (url) => {
      if (url.hostname === "bad.example") throw new Error("down");
      return url.pathname;
    });
    expectTypeOf(guarded).parameter(0).toEqualTypeOf<URL>();
    expect(await guarded(new URL("http://good.example/x"), {})).toBe("/x");
    await errorOf(guarded(new URL("http://bad.example/1"), {}));
    expect(await errorOf(guarded(new URL("http://bad.example/2"), {}))).toMatchObject({ reason: "open", source: "http://bad.example" });
    const crash = new Error("no key");
    const broken = keyed.layer(() => {
      throw crash;
    })(async () => 1);
    expect(await errorOf(broken(1, {}))).toBe(crash);
    expect(() => keyed.layer(5 as never)).toThrow("keyOf must be a function");
    expect(keyed.tryAcquire("http://bad.example")).toBeUndefined();
  });

  it("may have options of its own for a key, asked once", () => {
    const asked: string[] = [];
    const { keyed, clock } = makeKeyed({
      optionsFor: (key) => {
        asked.push(key);
        return key === "slow" ? { breakMs: 5_000, trip: consecutiveFailures(2) } : undefined;
      },
    });
    fail(keyed.get("fast"));
    times(2, () => fail(keyed.get("slow")));
    expect([keyed.get("fast").retryAfterMs, keyed.get("slow").retryAfterMs]).toEqual([100, 5_000]);
    clock.jump(100);
    expect([keyed.get("fast").state, keyed.get("slow").state]).toEqual(["half-open", "open"]);
    expect(asked).toEqual(["fast", "slow"]);
  });

  it("keeps the option that all share where the key's own is undefined", () => {
    const { keyed } = makeKeyed({ optionsFor: () => ({ breakMs: undefined, trip: undefined, probes: 2 }) });
    fail(keyed.get("a"));
    expect(keyed.get("a").retryAfterMs).toBe(100);
  });

  it("rejects where the key's options cannot be had or are wrong, and throws where there is no promise", async () => {
    const crash = new Error("no options");
    for (const [optionsFor, message] of [
      [() => ({ probes: 0 }), /probes.*got 0/],
      [() => "fast" as never, /optionsFor must answer options or undefined, got fast/],
      [throwing(crash), /no options/],
    ] as const) {
      const { keyed } = makeKeyed({ optionsFor });
      expect(String(await errorOf(keyed.run("a", () => 1)))).toMatch(message);
      expect(String(await errorOf(keyed.layer(() => "a")(async () => 1)(1, {})))).toMatch(message);
      expect(() => keyed.get("a")).toThrow(message);
      expect(() => keyed.tryAcquire("a")).toThrow(message);
      expect(keyed.stats.keys).toBe(0);
    }
  });

  it("is walked as it was when the walk began, however it is used meanwhile", () => {
    const { keyed } = makeKeyed();
    for (const key of "abcd") keyed.get(key);
    const seen: string[] = [];
    for (const [key, breaker] of keyed) {
      seen.push(key);
      keyed.get(key);
      if (key === "a") keyed.get("b");
      if (key === "b") keyed.delete("c");
      keyed.get(`${key}${key}`);
      expect(breaker).toBeInstanceOf(Breaker);
      if (seen.length > 100) break;
    }
    expect(seen).toEqual(["a", "b", "c", "d"]);
  });

  it("says nothing of a breaker before it is in its place, so whoever calls back in finds that one (F2)", () => {
    const control = new ManualControl();
    const { keyed } = makeKeyed({ mode: "observing", control, maxKeys: 2 });
    const hold = control.isolate();
    const seen: unknown[] = [];
    for (const type of ["modeChanged", "isolated"] as const) keyed.on(type, ({ key }) => seen.push(keyed.get(key)));
    const a = keyed.get("a");
    expect([a.mode, a.state, seen, keysOf(keyed)]).toEqual(["observing", "isolated", [], ["a"]]);
    hold.release();
    a.enable();
    expect([seen.length, seen[0], keysOf(keyed)]).toEqual([1, a, ["a"]]);
  });

  it("is one for the key also when a trip asks for it while it is being made", () => {
    const made: Breaker[] = [];
    let isAsking = true;
    const trip: Trip = {
      createWindow: () => {
        if (isAsking) {
          isAsking = false;
          made.push(keyed.get("a"));
        }
        return consecutiveFailures(1).createWindow();
      },
    };
    const { keyed } = makeKeyed({ trip });
    expect([keyed.get("a"), keyed.peek("a")]).toEqual([made[0], made[0]]);
    expect([keysOf(keyed), keyed.stats.keys, keyed.delete("a"), keysOf(keyed)]).toEqual([["a"], 1, true, []]);
  });

  it("makes no error for tryRun and tryAcquire unless somebody listens to refusals", async () => {
    const { keyed } = makeKeyed();
    keyed.on("opened", () => undefined);
    keyed.get("a").forceOpen();
    const limit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit");
    let written = 0; // each refusal's error switches its stack off
    Object.defineProperty(Error, "stackTraceLimit", { configurable: true, get: () => 10, set: () => void (written += 1) });
    const made: unknown[] = [];
    await keyed.get("a").tryRun(() => 1);
    keyed.tryAcquire("a");
    const without = written;
    keyed.on("rejected", ({ error }) => made.push(error));
    keyed.tryAcquire("a");
    Object.defineProperty(Error, "stackTraceLimit", limit ?? { value: 10, writable: true, configurable: true });
    expect([without, made.length]).toEqual([0, 1]);
  });

  it("counts as open only what refuses, not what observes", async () => {
    const { keyed } = makeKeyed({ mode: "observing" });
    fail(keyed.get("a"));
    expect(await keyed.run("a", () => "by")).toBe("by");
    expect([keyed.get("a").state, keyed.stats.open, keyed.health.status]).toEqual(["open", 0, "HEALTHY"]);
    keyed.get("a").isolate();
    expect(keyed.stats.open).toBe(1);
  });

  it("hands on an empty call to services that are called without one", async () => {
    const { keyed } = makeKeyed();
    const guarded = keyed.layer((key: string, call) => key + String(call.priority))(async (_, call) => call) as (key: string) => Promise<unknown>;
    expect(await guarded("a")).toBe(noCall);
    expect(keysOf(keyed)).toEqual(["aundefined"]);
  });

  it("tells events of all, with the key", () => {
    const { keyed, clock } = makeKeyed();
    const seen: unknown[] = [];
    for (const type of ["opened", "halfOpened", "closed"] as const) keyed.on(type, ({ key }) => seen.push([type, key]));
    keyed.on("rejected", ({ key, reason, error }) => seen.push([key, reason, error.source]));
    fail(keyed.get("a"));
    keyed.tryAcquire("a");
    clock.jump(100);
    succeed(keyed.get("a"));
    expect(seen).toEqual([["opened", "a"], ["a", "open", "a"], ["halfOpened", "a"], ["closed", "a"]]);
  });

  it("goes by one control", () => {
    const control = new ManualControl();
    const { keyed } = makeKeyed({ control });
    keyed.get("a");
    const hold = control.isolate();
    expect([keyed.get("a").state, keyed.get("b").state]).toEqual(["isolated", "isolated"]);
    expect(keyed.stats.open).toBe(2);
    hold.release();
    expect(keyed.get("b").state).toBe("closed");
  });

  it("measures all keys as one, not each", async () => {
    const meter = new FakeMeter();
    const { keyed } = makeKeyed({ name: "origins", meter, optionsFor: (key) => (key === "b" ? { breakMs: 7 } : undefined) });
    for (const key of ["a", "b", "c"]) await errorOf(keyed.run(key, rejecting("x")));
    await errorOf(keyed.run("a", () => 1));
    expect(Object.fromEntries(meter.counts)).toEqual({
      'breakwater.breaker.calls {"name":"origins","outcome":"failure"}': 3,
      'breakwater.breaker.calls {"name":"origins","outcome":"rejected"}': 1,
      'breakwater.breaker.transitions {"name":"origins","to":"open"}': 3,
    });
    expect([...meter.gauges.keys()]).toEqual(['breakwater.breaker.keys {"name":"origins"}', 'breakwater.breaker.keys.open {"name":"origins"}']);
    expect([...meter.gauges.values()].map((read) => read())).toEqual([3, 3]);
  });
});

describe("room for keys", () => {
  it("is made by the least recently used that has nothing to remember (I4)", () => {
    const { keyed } = makeKeyed({ maxKeys: 3 });
    const evicted: string[] = [];
    keyed.on("evicted", ({ key }) => evicted.push(key));
    for (const key of ["a", "b", "c"]) succeed(keyed.get(key));
    keyed.get("a");
    keyed.peek("b"); // looking is no use
    keyed.get("d");
    expect(evicted).toEqual(["b"]);
    expect(keysOf(keyed)).toEqual(["c", "a", "d"]);
    expect(keyed.stats).toMatchObject({ keys: 3, evictions: 1, overflows: 0 });
  });

  it("is not made by one that is open, half-open, failing, isolated, growing or on its ramp (I5)", () => {
    const { keyed, clock } = makeKeyed({ maxKeys: 6, trip: consecutiveFailures(2), rampMs: 10_000, decayMs: Infinity });
    const open = (key: string): void => times(2, () => fail(keyed.get(key)));
    open("half-open");
    open("ramp");
    clock.jump(100);
    acquire(keyed.get("half-open"));
    succeed(keyed.get("ramp"));
    open("open");
    fail(keyed.get("failing"));
    keyed.get("isolated").isolate();
    keyed.get("observing").observe();
    for (let i = 0; i < 50; i += 1) keyed.get(`made up ${i}`);
    expect(keysOf(keyed).sort()).toEqual(["failing", "half-open", "isolated", "observing", "open", "ramp"]);
  });

  it("is made by one on its ramp, or that has grown, when that is over", () => {
    const { keyed, clock } = makeKeyed({ maxKeys: 2, rampMs: 500, decayMs: 1_000 });
    for (const key of ["a", "b"]) {
      const breaker = keyed.get(key);
      breaker.forceOpen(100);
      clock.jump(100);
      succeed(breaker);
    }
    clock.jump(499);
    keyed.get("x"); // b is on its ramp, and a has opened once a while ago
    expect(keysOf(keyed).sort()).toEqual(["a", "b"]);
    clock.jump(401);
    keyed.get("x");
    expect(keysOf(keyed)).toEqual(["b", "x"]);
    const quick = makeKeyed({ maxKeys: 1, rampMs: 500, decayMs: 0 });
    quick.keyed.get("a").forceOpen(100);
    quick.clock.jump(100);
    succeed(quick.keyed.get("a"));
    quick.keyed.get("x");
    expect(keysOf(quick.keyed)).toEqual(["a"]);
  });

  it("is found behind many that must stay, not at once but soon", () => {
    const { keyed } = makeKeyed({ maxKeys: 20, trip: consecutiveFailures(2) });
    for (let i = 0; i < 20; i += 1) {
      if (i < 10) fail(keyed.get(`failing ${i}`));
      else succeed(keyed.get(`well ${i}`));
    }
    keyed.get("one");
    keyed.get("two");
    expect(keyed.stats).toMatchObject({ keys: 20, overflows: 1, evictions: 1 });
    expect(keyed.peek("two")).toBeDefined();
  });

  it("is made by clean ones whatever mode or isolation all have, by option or by their control", () => {
    const all: readonly ((control: ManualControl) => void)[] = [
      () => undefined, // observing by option
      (control) => control.observe(),
      (control) => control.disable(),
      (control) => void control.isolate(),
      (control) => {
        control.disable();
        control.enable();
      },
    ];
    for (const [index, set] of all.entries()) {
      const control = new ManualControl();
      const { keyed } = makeKeyed({ maxKeys: 3, control, mode: index === 0 || index === 4 ? "observing" : "auto", trip: consecutiveFailures(2) });
      if (index % 2 === 0) set(control);
      for (const key of ["a", "b", "c"]) keyed.get(key);
      if (index % 2 === 1) set(control);
      keyed.get("d");
      expect(keysOf(keyed)).toEqual(["b", "c", "d"]);
    }
  });

  it("is not made by one whose mode is not that of the others", () => {
    const control = new ManualControl();
    const { keyed } = makeKeyed({ maxKeys: 2, mode: "observing", control });
    keyed.get("enabled").enable();
    keyed.get("disabled").disable();
    keyed.get("x");
    expect(keysOf(keyed).sort()).toEqual(["disabled", "enabled"]);
    control.disable(); // from now on all have the same
    keyed.get("x");
    expect(keysOf(keyed)).toContain("x");
  });

  it("is made by an old failing one while all are disabled", () => {
    const control = new ManualControl();
    const { keyed, clock } = makeKeyed({ maxKeys: 1, trip: consecutiveFailures(2), forgetAfterMs: 500, control });
    fail(keyed.get("failing"));
    control.disable();
    keyed.get("x");
    clock.jump(500);
    keyed.get("x");
    expect(keysOf(keyed)).toEqual(["x"]);
  });

  it("is not made by one with a call that hangs and is slow already, though nobody has seen it", () => {
    const { keyed, clock } = makeKeyed({ maxKeys: 1, trip: slowCalls({ slowMs: 50, trip: consecutiveFailures(3) }) });
    const hanging = [1, 2, 3].map(() => keyed.tryAcquire("hung"));
    clock.jump(49);
    expect(keyed.get("hung").isForgettable).toBe(true);
    clock.jump(1);
    expect(keyed.get("hung").isForgettable).toBe(false);
    keyed.get("x");
    expect(keyed.tryAcquire("hung")).toBeUndefined();
    hanging.forEach((permit) => permit?.success());
  });

  it("is not made by one whose trip cannot say, which is a warning and nobody's error", () => {
    const warnings = catchWarnings();
    const isClean = throwing(new Error("not sure"));
    const { keyed } = makeKeyed({ maxKeys: 1, trip: { createWindow: () => ({ ...consecutiveFailures(1).createWindow(), record: () => undefined, verdict: () => undefined, isClean }) } });
    keyed.get("a");
    expect(keyed.tryAcquire("b")).toBeDefined();
    expect([keysOf(keyed), warnings.mock.calls.length > 0]).toEqual([["a"], true]);
    warnings.mockRestore();
  });

  it("is not made by one under somebody's hand, however old", () => {
    const { keyed, clock } = makeKeyed({ maxKeys: 1, trip: consecutiveFailures(2), forgetAfterMs: 10 });
    fail(keyed.get("observed"));
    keyed.get("observed").observe();
    for (let i = 0; i < 3; i += 1) {
      keyed.get("x");
      clock.jump(100);
    }
    expect(keysOf(keyed)).toEqual(["observed"]);
  });

  it("that cannot be made leaves the key with a breaker that is not kept, and says so", async () => {
    const { keyed } = makeKeyed({ maxKeys: 1 });
    const lost: string[] = [];
    keyed.on("overflowed", ({ key }) => lost.push(key));
    fail(keyed.get("dead"));
    expect(await keyed.run("new", () => "served")).toBe("served");
    expect(keyed.tryAcquire("dead")).toBeUndefined();
    expect([lost, keyed.stats.overflows, keysOf(keyed)]).toEqual([["new"], 1, ["dead"]]);
  });

  it("a flood of made-up keys that fail cannot flush the one that keeps a dead host away (I5)", async () => {
    const { keyed } = makeKeyed({ maxKeys: 20, trip: consecutiveFailures(5), breakMs: 1e6 });
    times(5, () => fail(keyed.get("dead")));
    for (let i = 0; i < 1_000; i += 1) await errorOf(keyed.run(`/404/${i}`, rejecting("404")));
    expect(keyed.tryAcquire("dead")).toBeUndefined();
    expect(keyed.stats.keys).toBe(20);
  });

  it("is found again when a window has become clean by time", () => {
    const trip = timeWindow({ windowMs: 1_000, failureRatio: 1 });
    const { keyed, clock } = makeKeyed({ maxKeys: 1, trip });
    fail(keyed.get("a"));
    keyed.get("b");
    expect(keysOf(keyed)).toEqual(["a"]);
    clock.jump(1_000);
    keyed.get("b");
    expect(keysOf(keyed)).toEqual(["b"]);
  });

  it("is given by a failing key that nobody asked for since forgetAfterMs, and not by one in its break", () => {
    const { keyed, clock } = makeKeyed({ maxKeys: 2, trip: consecutiveFailures(2), breakMs: 1e9, forgetAfterMs: 500 });
    fail(keyed.get("failing"));
    times(2, () => fail(keyed.get("open")));
    keyed.get("x"); // finds that both must stay
    clock.jump(499);
    keyed.get("x");
    expect(keyed.stats.overflows).toBe(2);
    clock.jump(1);
    keyed.get("x");
    expect(keysOf(keyed)).toEqual(["open", "x"]);
    clock.jump(1e6);
    keyed.get("y");
    keyed.get("z");
    expect(keysOf(keyed)).toContain("open");
  });

  it("being used takes away the mark of age", () => {
    const { keyed, clock } = makeKeyed({ maxKeys: 1, trip: consecutiveFailures(2), forgetAfterMs: 500 });
    fail(keyed.get("failing"));
    keyed.get("x");
    clock.jump(400);
    keyed.get("failing");
    clock.jump(400);
    keyed.get("x");
    expect(keysOf(keyed)).toEqual(["failing"]);
  });

  it("has bounds that are checked", () => {
    for (const [options, message] of [
      [{ maxKeys: 0 }, /maxKeys.*got 0/],
      [{ maxKeys: 1.5 }, /maxKeys.*1.5/],
      [{ forgetAfterMs: -1 }, /forgetAfterMs.*-1/],
      [{ forgetAfterMs: NaN }, /forgetAfterMs.*NaN/],
      [{ optionsFor: {} as never }, /optionsFor must be a function/],
      [{ breakMs: 0 }, /breakMs/],
    ] as const) expect(() => makeKeyed(options)).toThrow(message);
  });
});
