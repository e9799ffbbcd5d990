import { Breaker, ManualControl, consecutiveFailures, exponentialBreak, slowCalls, type BreakerEvents, type BreakerSnapshot, type TripWindow } from "@breakwater/breaker";
import { describe, expect, it } from "vitest";
import { acquire, catchWarnings, errorOf, fail, FakeMeter, makeBreaker, rejecting, succeed, times, transitionsOf } from "./helpers.ts";

describe("isolation", () => {
  it("refuses everybody until the last of several handles is released, in any order", async () => {
    const { breaker } = makeBreaker({ name: "prices" });
    const [one, other] = [breaker.isolate(), breaker.isolate()];
    expect([breaker.state, breaker.retryAfterMs]).toEqual(["isolated", undefined]);
    const error = await errorOf(breaker.run(() => 1));
    expect(error).toMatchObject({ reason: "isolated", retryAfterMs: undefined });
    expect(String(error)).toBe("BreakerOpenError: breaker prices is held open by hand");
    one.release();
    one.release();
    one[Symbol.dispose]();
    expect(breaker.state).toBe("isolated");
    other.release();
    expect(await breaker.run(() => "served")).toBe("served");
  });

  it("lets the state beneath live on: a break passes, and results of before count", () => {
    const { breaker, clock } = makeBreaker();
    fail(breaker);
    const hold = breaker.isolate();
    clock.jump(100);
    hold.release();
    expect(breaker.state).toBe("half-open");
    const probe = acquire(breaker);
    const again = breaker.isolate();
    probe.success();
    again.release();
    expect(breaker.state).toBe("closed");
  });

  it("of a closed breaker begins afresh, with its ramp", () => {
    const { breaker } = makeBreaker({ trip: consecutiveFailures(2), rampMs: 1_000, rampFrom: 0.5 });
    fail(breaker);
    const running = acquire(breaker);
    breaker.isolate().release();
    running.failure(); // began before: it says nothing about after
    expect(breaker.stats.admissionRatio).toBe(0.5);
    fail(breaker);
    expect(breaker.state).toBe("closed");
  });

  it("tells once that it began and once that it ended", () => {
    const { breaker } = makeBreaker();
    const seen: unknown[] = [];
    breaker.on("isolated", (event) => seen.push(["isolated", event, breaker.state]));
    breaker.on("released", (event) => seen.push(["released", event, breaker.state]));
    const holds = [breaker.isolate(), breaker.isolate()];
    holds.forEach((hold) => hold.release());
    expect(seen).toEqual([["isolated", {}, "isolated"], ["released", { state: "closed" }, "closed"]]);
  });

  it("release lets go of all its handles, and one of them then ends nothing of a later one", () => {
    const { breaker } = makeBreaker();
    const old = breaker.isolate();
    breaker.isolate();
    breaker.release();
    expect(breaker.state).toBe("closed");
    const next = breaker.isolate();
    old.release();
    expect(breaker.state).toBe("isolated");
    next.release();
    expect(breaker.state).toBe("closed");
  });

  it("stays through a reset, which closes the state beneath", () => {
    const { breaker } = makeBreaker();
    fail(breaker);
    const hold = breaker.isolate();
    breaker.reset();
    expect(breaker.state).toBe("isolated");
    hold.release();
    expect(breaker.state).toBe("closed");
  });
});

describe("modes", () => {
  it("disabled lets everybody through and learns nothing; enabled it goes on where it was", async () => {
    const { breaker, clock } = makeBreaker();
    const modes: BreakerEvents["modeChanged"][] = [];
    breaker.on("modeChanged", (event) => modes.push(event));
    breaker.disable();
    breaker.disable();
    for (let i = 0; i < 10; i += 1) await errorOf(breaker.run(rejecting("x")));
    expect([breaker.state, breaker.retryAfterMs, breaker.mode]).toEqual(["disabled", 0, "disabled"]);
    breaker.enable();
    expect(breaker.state).toBe("closed");
    fail(breaker);
    breaker.disable();
    expect(await breaker.run(() => "through")).toBe("through");
    breaker.enable();
    expect(breaker.state).toBe("open");
    clock.jump(100);
    expect(breaker.state).toBe("half-open");
    expect(modes).toEqual([{ from: "auto", to: "disabled" }, { from: "disabled", to: "auto" }, { from: "auto", to: "disabled" }, { from: "disabled", to: "auto" }]);
  });

  it("observing it changes its state and says what it would have refused, but refuses nobody", async () => {
    const meter = new FakeMeter();
    const { breaker, clock } = makeBreaker({ mode: "observing", meter });
    const seen: string[] = [];
    for (const type of ["opened", "halfOpened", "closed", "rejected"] as const) breaker.on(type, () => seen.push(type));
    await errorOf(breaker.run(rejecting("down")));
    expect(breaker.state).toBe("open");
    for (let i = 0; i < 3; i += 1) expect(await errorOf(breaker.run(rejecting("still")))).toBe("still");
    expect(breaker.stats).toMatchObject({ wouldReject: 3, rejections: 0, failures: 4, openings: 1 });
    clock.jump(100);
    expect(await breaker.run(() => "up")).toBe("up");
    expect(breaker.state).toBe("closed");
    expect(seen).toEqual(["opened", "halfOpened", "closed"]);
    expect(meter.counts.get('breakwater.breaker.calls {"outcome":"would-reject"}')).toBe(3);
  });

  it("disabled it learns nothing from what began before: no opening, no closing, and a probe's place is free", () => {
    const { breaker, clock } = makeBreaker({ trip: slowCalls({ slowMs: 5_000, trip: consecutiveFailures(1) }) });
    const seen = transitionsOf(breaker);
    const [slow, told] = [acquire(breaker), acquire(breaker)];
    breaker.disable();
    clock.jump(5_000);
    slow.success();
    told.neutral(9_999);
    breaker.enable();
    expect(breaker.state).toBe("closed");
    breaker.forceOpen(100);
    clock.jump(100);
    for (const end of ["success", "failure", "neutral"] as const) {
      const probe = acquire(breaker);
      breaker.disable();
      probe[end]();
      breaker.enable();
      expect([breaker.state, breaker.retryAfterMs]).toEqual(["half-open", 0]);
    }
    expect(seen).toEqual(["opened", "halfOpened"]);
    expect(breaker.stats).toMatchObject({ successes: 2, failures: 1, neutrals: 2 });
  });

  it("isolation stands above them", () => {
    const { breaker } = makeBreaker({ mode: "disabled" });
    const hold = breaker.isolate();
    expect(breaker.tryAcquire()).toBeUndefined();
    hold.release();
    expect(breaker.tryAcquire()).toBeDefined();
  });
});

describe("forceOpen", () => {
  it("holds it open until reset, or for so long, after which it recovers as ever", async () => {
    const { breaker, clock } = makeBreaker();
    const seen: BreakerEvents["opened"][] = [];
    breaker.on("opened", (event) => seen.push(event));
    breaker.forceOpen();
    clock.jump(1e12);
    expect([breaker.state, breaker.retryAfterMs]).toEqual(["open", Infinity]);
    breaker.forceOpen(50);
    clock.jump(50);
    await breaker.run(() => 1);
    expect(breaker.state).toBe("closed");
    expect(seen).toMatchObject([
      { from: "closed", reason: "forced", retryAfterMs: Infinity, cause: undefined },
      { from: "open", reason: "forced", retryAfterMs: 50 },
    ]);
    for (const wrong of [-1, NaN]) expect(() => breaker.forceOpen(wrong)).toThrow(`breakMs must be a number from 0 to Infinity, got ${wrong}`);
  });

  it("of one that is open already is another break, no higher level", () => {
    const { breaker } = makeBreaker({ breakMs: exponentialBreak({ initialMs: 100, jitter: 0 }) });
    times(10, () => breaker.forceOpen(0));
    expect(breaker.stats).toMatchObject({ level: 1, openings: 10 });
    fail(breaker);
    expect([breaker.stats.level, breaker.retryAfterMs]).toEqual([2, 200]);
  });

  it("by a listener of a reset counts from the first level, and makes a snapshot that is one (F2)", () => {
    const { breaker } = makeBreaker();
    breaker.forceOpen(1_000);
    const stop = breaker.on("closed", () => {
      stop();
      breaker.forceOpen(1_000);
    });
    breaker.reset();
    expect([breaker.state, breaker.stats.level]).toEqual(["open", 1]);
    expect(makeBreaker({ snapshot: breaker.toJSON() }).breaker.state).toBe("open");
  });

  it("drops what was running, probes too", () => {
    const { breaker, clock } = makeBreaker();
    breaker.forceOpen(10);
    clock.jump(10);
    const probe = acquire(breaker);
    breaker.forceOpen(10);
    probe.success();
    expect(breaker.state).toBe("open");
  });
});

describe("one control over many breakers", () => {
  it("isolates all of them, those that come later too, until the last of its handles is released", () => {
    const control = new ManualControl();
    const early = makeBreaker({ control }).breaker;
    const [one, other] = [control.isolate(), control.isolate()];
    const late = makeBreaker({ control }).breaker;
    expect([early.state, late.state, control.isIsolated]).toEqual(["isolated", "isolated", true]);
    one.release();
    one.release();
    expect([early.state, late.state]).toEqual(["isolated", "isolated"]);
    other.release();
    expect([early.state, late.state, control.isIsolated]).toEqual(["closed", "closed", false]);
  });

  it("and a breaker's own handles do not end each other's", () => {
    const control = new ManualControl();
    const { breaker } = makeBreaker({ control });
    const [all, own] = [control.isolate(), breaker.isolate()];
    breaker.release();
    own.release();
    expect(breaker.state).toBe("isolated");
    const again = breaker.isolate();
    all.release();
    expect(breaker.state).toBe("isolated");
    again.release();
    expect(breaker.state).toBe("closed");
  });

  it("disables, observes, enables and resets all of them", () => {
    const control = new ManualControl();
    const [one, other] = [makeBreaker({ control }).breaker, makeBreaker({ control }).breaker];
    fail(one);
    control.observe();
    expect([one.mode, other.mode, control.mode, makeBreaker({ control }).breaker.mode]).toEqual(Array(4).fill("observing"));
    control.disable();
    expect([one.state, other.state]).toEqual(["disabled", "disabled"]);
    control.enable();
    expect([one.state, other.state]).toEqual(["open", "closed"]);
    control.reset();
    expect(one.state).toBe("closed");
  });

  it("brings each to what it says by then, when a listener calls back in during the round (F2)", () => {
    const control = new ManualControl();
    const [one, other] = [makeBreaker({ control }).breaker, makeBreaker({ control }).breaker];
    const seen: string[] = [];
    for (const type of ["isolated", "released"] as const) other.on(type, () => seen.push(type));
    const stop = one.on("released", () => {
      stop();
      control.isolate();
    });
    control.isolate().release();
    expect([control.isIsolated, one.state, other.state]).toEqual([true, "isolated", "isolated"]);
    expect(seen).toEqual(["isolated"]); // it was never let go
    one.on("modeChanged", ({ to }) => to === "disabled" && control.enable());
    control.disable();
    expect([control.mode, one.mode, other.mode]).toEqual(["auto", "auto", "auto"]);
  });

  it("reaches all of them though one throws, which becomes a warning", () => {
    const warnings = catchWarnings();
    const control = new ManualControl();
    let isBroken = false;
    const createWindow = (): TripWindow => {
      if (isBroken) throw new Error("no window");
      return consecutiveFailures(1).createWindow();
    };
    const [one, other] = [makeBreaker({ control, trip: { createWindow } }).breaker, makeBreaker({ control }).breaker];
    const seen: string[] = [];
    one.on("released", ({ state }) => seen.push(state));
    const hold = control.isolate();
    isBroken = true;
    hold.release();
    expect([one.state, other.state, seen]).toEqual(["closed", "closed", ["closed"]]);
    fail(other);
    control.reset();
    expect(other.state).toBe("closed");
    expect(warnings.mock.calls.map(([error]) => (error as Error).message)).toEqual(["no window", "no window"]);
    warnings.mockRestore();
  });

  it("goes on working with more breakers than anybody holds", () => {
    const control = new ManualControl();
    times(1_000, () => new Breaker({ control }));
    const { breaker } = makeBreaker({ control });
    control.isolate();
    expect(breaker.state).toBe("isolated");
  });
});

describe("a snapshot", () => {
  const next = (from: Breaker, options = {}): ReturnType<typeof makeBreaker> =>
    makeBreaker({ ...options, snapshot: JSON.parse(JSON.stringify(from)) as BreakerSnapshot });

  it("carries what is left of a break, on any clock (D3, D6)", () => {
    const { breaker, clock } = makeBreaker();
    fail(breaker);
    clock.jump(30);
    const { breaker: heir, clock: other } = next(breaker);
    expect([heir.state, heir.retryAfterMs, heir.stats.level]).toEqual(["open", 70, 1]);
    other.jump(70);
    succeed(heir);
    expect(heir.state).toBe("closed");
  });

  it("of a half-open one is open with nothing left, of an endless one endless, of a closed one closed", () => {
    const { breaker, clock } = makeBreaker({ breakMs: Infinity });
    expect(next(breaker).breaker.state).toBe("closed");
    fail(breaker);
    expect(next(breaker).breaker.retryAfterMs).toBe(Infinity);
    breaker.forceOpen(10);
    clock.jump(10);
    acquire(breaker);
    expect(breaker.toJSON()).toMatchObject({ state: "open", leftMs: 0 });
    expect(next(breaker).breaker.state).toBe("half-open");
  });

  it("carries growth, mode and isolation, which can be released (D4)", () => {
    const { breaker } = makeBreaker({ mode: "observing", decayMs: Infinity });
    fail(breaker);
    breaker.reset();
    fail(breaker);
    breaker.isolate();
    breaker.isolate();
    const { breaker: heir } = next(breaker);
    expect([heir.state, heir.mode]).toEqual(["isolated", "observing"]);
    const own = heir.isolate();
    own.release();
    expect(heir.state).toBe("isolated");
    heir.release();
    expect(heir.state).toBe("open");
    expect(next(breaker, { mode: "auto" }).breaker.mode).toBe("auto");
  });

  it("leaves its control's isolation out: the heir has a control of its own", () => {
    const control = new ManualControl();
    const { breaker } = makeBreaker({ control });
    control.isolate();
    expect(breaker.toJSON().isIsolated).toBe(false);
  });

  it("leaves its control's mode out as well, and carries one of its own", () => {
    const control = new ManualControl();
    const { breaker } = makeBreaker({ control, mode: "observing" });
    control.disable();
    expect([breaker.mode, breaker.toJSON().mode]).toEqual(["disabled", "observing"]);
    breaker.enable();
    expect([breaker.mode, breaker.toJSON().mode]).toEqual(["auto", "auto"]);
    control.observe();
    control.enable();
    expect([breaker.mode, breaker.toJSON().mode]).toEqual(["auto", "observing"]);
    breaker.disable();
    expect(breaker.toJSON().mode).toBe("disabled");
  });

  it("carries no ramp", () => {
    const { breaker, clock } = makeBreaker({ rampMs: 1_000 });
    fail(breaker);
    clock.jump(100);
    succeed(breaker);
    expect(breaker.stats.admissionRatio).toBe(0.1);
    expect(next(breaker, { rampMs: 1_000 }).breaker.stats.admissionRatio).toBe(1);
  });

  it("is checked, naming what is wrong", () => {
    const { breaker } = makeBreaker();
    fail(breaker);
    const good = breaker.toJSON();
    const wrong: [unknown, RegExp][] = [
      [null, /snapshot must be an object, got null/],
      ["open", /snapshot must be an object/],
      [{}, /snapshot.version must be 1, got undefined/],
      [{ ...good, version: 2 }, /snapshot.version must be 1, got 2/],
      [{ ...good, state: "ajar" }, /snapshot.state must be .*, got ajar/],
      [{ ...good, leftMs: -1 }, /snapshot.leftMs.*got -1/],
      [{ ...good, leftMs: undefined }, /snapshot.leftMs must be a number/],
      [{ ...good, level: 0 }, /snapshot.level must be a whole number from 1/],
      [{ ...good, level: 1.5 }, /snapshot.level.*1.5/],
      [{ ...good, isIsolated: 1 }, /snapshot.isIsolated must be a boolean, got 1/],
      [{ ...good, mode: "off" }, /snapshot.mode must be .*, got off/],
    ];
    for (const [snapshot, message] of wrong) expect(() => makeBreaker({ snapshot: snapshot as BreakerSnapshot })).toThrow(message);
  });
});

describe("health", () => {
  it("says in one word and one sentence what the state means to those who depend on it", () => {
    const { breaker, clock } = makeBreaker({ name: "prices", rampMs: 100 });
    const seen: unknown[] = [];
    const note = (): unknown => seen.push([breaker.health.status, breaker.health.reason]);
    note();
    fail(breaker);
    note();
    clock.jump(100);
    note();
    succeed(breaker);
    note();
    const hold = breaker.isolate();
    note();
    hold.release();
    breaker.disable();
    note();
    expect(seen).toEqual([
      ["HEALTHY", "breaker prices is closed"],
      ["UNHEALTHY", "breaker prices is open for another 100 ms"],
      ["DEGRADED", "breaker prices is half-open"],
      ["DEGRADED", "breaker prices is closed and lets in 10 % of the calls"],
      ["UNHEALTHY", "breaker prices is isolated"],
      ["HEALTHY", "breaker prices is disabled"],
    ]);
    expect(makeBreaker().breaker.health.reason).toBe("breaker is closed");
  });

  it("is good of one that observes, which refuses nobody, and tells what it would be", () => {
    const { breaker, clock } = makeBreaker({ name: "prices", mode: "observing", rampMs: 100 });
    const seen: unknown[] = [breaker.health];
    fail(breaker);
    seen.push(breaker.health);
    clock.jump(100);
    seen.push(breaker.health);
    succeed(breaker);
    seen.push(breaker.health);
    expect(seen).toEqual(
      ["is closed", "is observing, would be open", "is observing, would be half-open", "is closed"].map((what) => ({ status: "HEALTHY", reason: `breaker prices ${what}` })),
    );
    breaker.isolate();
    expect(breaker.health.status).toBe("UNHEALTHY");
  });

  it("says of a break without an end that it has none", () => {
    const { breaker } = makeBreaker({ breakMs: Infinity });
    fail(breaker);
    expect(breaker.health).toEqual({ status: "UNHEALTHY", reason: "breaker is open until it is reset" });
  });
});

it("durations go to the meter, by outcome and in seconds", async () => {
  const recorded: [string, number][] = [];
  const meter = new FakeMeter();
  const { breaker, clock } = makeBreaker({
    name: "prices",
    meter: {
      counter: (name, options) => meter.counter(name, options),
      gauge: (name, read, options) => meter.gauge(name, read, options),
      histogram: (name, options) => ({
        record: (value) => void recorded.push([`${name} ${options?.unit} ${String(options?.attributes?.outcome)}`, value]),
      }),
    },
    trip: consecutiveFailures(9),
  });
  const one = acquire(breaker);
  clock.jump(250);
  one.success();
  acquire(breaker).failure("x", 1_500);
  await breaker.run(() => 1);
  acquire(breaker).neutral();
  const name = "breakwater.breaker.call.duration s";
  expect(recorded).toEqual([[`${name} success`, 0.25], [`${name} failure`, 1.5], [`${name} success`, 0], [`${name} neutral`, 0]]);
});
