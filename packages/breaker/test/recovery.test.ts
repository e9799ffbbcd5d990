import { consecutiveFailures, exponentialBreak, type BreakerEvents, type Opening } from "@breakwater/breaker";
import { describe, expect, it } from "vitest";
import { acquire, catchWarnings, deferred, errorOf, fail, makeBreaker, rejecting, succeed, times, transitionsOf } from "./helpers.ts";

describe("several probes", () => {
  const five = { probes: 5, probeSuccessRatio: 0.8, probeTimeoutMs: 40 };

  function halfOpen(options = five): ReturnType<typeof makeBreaker> {
    const made = makeBreaker(options);
    fail(made.breaker, "down");
    made.clock.jump(100);
    return made;
  }

  it("so many may go at once, and no more (B2)", () => {
    const { breaker } = halfOpen();
    times(5, () => acquire(breaker));
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.retryAfterMs).toBeUndefined();
  });

  it("enough successes close it before the rest have ended (B5)", () => {
    const { breaker } = halfOpen();
    const probes = [1, 2, 3, 4, 5].map(() => acquire(breaker));
    probes.slice(0, 3).forEach((probe) => probe.success());
    expect(breaker.state).toBe("half-open");
    probes[3]?.success();
    expect(breaker.state).toBe("closed");
    probes[4]?.failure(); // too late to matter
    expect(breaker.state).toBe("closed");
  });

  it("one failure more than the ratio allows opens it before the rest have ended (B5)", () => {
    const { breaker } = halfOpen();
    const seen: BreakerEvents["opened"][] = [];
    breaker.on("opened", (event) => seen.push(event));
    const probes = [1, 2, 3, 4, 5].map(() => acquire(breaker));
    probes[0]?.failure("one");
    expect(breaker.state).toBe("half-open");
    probes[1]?.failure("two");
    expect(seen).toMatchObject([{ from: "half-open", reason: "probes-failed", cause: "two", calls: 2, failures: 2 }]);
    probes.slice(2).forEach((probe) => probe.success());
    expect(breaker.state).toBe("open");
  });

  it("each that ends leaves one place fewer, and a neutral one leaves its place", () => {
    const { breaker } = halfOpen();
    acquire(breaker).success();
    acquire(breaker).neutral();
    times(4, () => acquire(breaker));
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  it("a late neutral call of the closed state raises no limit (A5)", () => {
    const { breaker, clock } = makeBreaker({ ...five, trip: consecutiveFailures(2) });
    const late = [1, 2, 3].map(() => acquire(breaker));
    times(2, () => fail(breaker));
    clock.jump(100);
    times(5, () => acquire(breaker));
    late.forEach((permit) => permit.neutral());
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  it("places of hung probes are given on, each when its own lease ends (B1)", () => {
    const { breaker, clock } = halfOpen();
    times(3, () => acquire(breaker));
    clock.jump(20);
    times(2, () => acquire(breaker));
    clock.jump(20);
    expect(breaker.retryAfterMs).toBe(0);
    times(3, () => acquire(breaker));
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.jump(20);
    times(2, () => acquire(breaker));
    expect(breaker.tryAcquire()).toBeUndefined();
  });

  it("999 results of 1000 and one lost probe decide all the same (B5)", () => {
    const { breaker } = halfOpen({ probes: 1_000, probeSuccessRatio: 0.9, probeTimeoutMs: Infinity });
    const probes = Array.from({ length: 1_000 }, () => acquire(breaker));
    probes.slice(1).forEach((probe) => probe.success());
    expect(breaker.state).toBe("closed");
  });

  it("the ratio is met exactly, whatever its rounding", () => {
    for (const [probes, ratio, wanted] of [[100, 0.07, 7], [10, 0.7, 7], [3, 1 / 3, 1], [4, 0.01, 1], [7, 1, 7]] as const) {
      const { breaker } = halfOpen({ probes, probeSuccessRatio: ratio, probeTimeoutMs: Infinity });
      times(wanted - 1, () => succeed(breaker));
      expect(breaker.state).toBe("half-open");
      succeed(breaker);
      expect(breaker.state).toBe("closed");
    }
  });
});

describe("breaks that grow", () => {
  const grown = { breakMs: exponentialBreak({ initialMs: 100, factor: 3, maxMs: 1_000, jitter: 0 }), decayMs: 50 };

  function failProbe({ breaker, clock }: ReturnType<typeof makeBreaker>): number {
    clock.jump(breaker.retryAfterMs ?? NaN);
    fail(breaker);
    return breaker.retryAfterMs ?? NaN;
  }

  it("are each so many times the one before, up to the longest", () => {
    const made = makeBreaker(grown);
    fail(made.breaker);
    expect([made.breaker.retryAfterMs, failProbe(made), failProbe(made), failProbe(made)]).toEqual([100, 300, 900, 1_000]);
    expect(made.breaker.stats.level).toBe(4);
  });

  it("shrink again by one step for each decayMs of being closed", () => {
    const made = makeBreaker(grown);
    const { breaker, clock } = made;
    fail(breaker);
    failProbe(made);
    failProbe(made);
    clock.jump(900);
    succeed(breaker);
    expect(breaker.stats.level).toBe(3);
    clock.jump(99);
    expect(breaker.stats.level).toBe(2);
    fail(breaker);
    expect(breaker.retryAfterMs).toBe(900); // level 3 again
    clock.jump(900);
    succeed(breaker);
    clock.jump(1_000);
    fail(breaker);
    expect(breaker.retryAfterMs).toBe(100);
  });

  it("begin anew at once with a decay of 0, and never with Infinity", () => {
    for (const [decayMs, expected] of [[0, 100], [Infinity, 300]] as const) {
      const { breaker, clock } = makeBreaker({ ...grown, decayMs });
      fail(breaker);
      clock.jump(100);
      succeed(breaker);
      clock.jump(1e12);
      fail(breaker);
      expect(breaker.retryAfterMs).toBe(expected);
    }
  });

  it("reset takes the growth off", () => {
    const made = makeBreaker(grown);
    fail(made.breaker);
    failProbe(made);
    made.breaker.reset();
    fail(made.breaker);
    expect(made.breaker.retryAfterMs).toBe(100);
  });

  it("jitter leaves between its rest and all of the length", () => {
    const opening: Opening = { level: 1, reason: "x", cause: undefined, retryAfterMs: undefined };
    for (const [random, expected] of [[0, 8_000], [0.5, 6_000], [1 - 1e-12, 4_000]] as const) {
      const length = exponentialBreak({ initialMs: 2_000, jitter: 0.5, random: () => random });
      expect(length({ ...opening, level: 3 })).toBeCloseTo(expected, 3);
    }
    expect(exponentialBreak({ random: () => 0 })(opening)).toBe(5_000);
  });

  it("an exponent without bound is cut off, never NaN (H4)", () => {
    const length = exponentialBreak({ jitter: 0 });
    for (const level of [1_000, 1e9, Number.MAX_SAFE_INTEGER]) expect(length({ level, reason: "x", cause: 1, retryAfterMs: undefined })).toBe(300_000);
    expect(exponentialBreak({ maxMs: Infinity, jitter: 0 })({ level: 5_000, reason: "x", cause: 1, retryAfterMs: undefined })).toBe(Infinity);
  });

  it("a function of the opening is told what is known, while the breaker refuses already", () => {
    const seen: unknown[] = [];
    const made = makeBreaker({
      breakMs: (opening) => {
        seen.push([opening, made.breaker.state, made.breaker.tryAcquire()]);
        return 70;
      },
    });
    fail(made.breaker, "down");
    expect(seen).toEqual([[{ level: 1, reason: "consecutive-failures", cause: "down", retryAfterMs: undefined }, "open", undefined]]);
    expect(made.breaker.retryAfterMs).toBe(70);
  });

  it("one that throws, or answers no length, costs nobody anything: a warning, and 30 s", async () => {
    const warnings = catchWarnings();
    const boom = new Error("boom");
    for (const breakMs of [() => NaN, () => -1, () => "5" as never, () => { throw boom; }]) {
      const { breaker } = makeBreaker({ breakMs });
      expect(await errorOf(breaker.run(rejecting("own")))).toBe("own");
      expect(breaker.retryAfterMs).toBe(30_000);
    }
    expect(warnings).toHaveBeenCalledTimes(4);
    expect(warnings.mock.calls[3]?.[0]).toBe(boom);
    warnings.mockRestore();
  });

  it("one that resets the breaker has the last word (F2)", () => {
    const made = makeBreaker({
      breakMs: () => {
        made.breaker.reset();
        return 70;
      },
    });
    const seen = transitionsOf(made.breaker);
    fail(made.breaker);
    expect([made.breaker.state, made.breaker.retryAfterMs]).toEqual(["closed", 0]);
    acquire(made.breaker);
    expect(seen).toEqual([]); // nobody heard that it opened, so nobody hears that it closed
    expect(made.breaker.stats).toMatchObject({ openings: 0, level: 0 });
  });

  it("one that opens it otherwise is told of as one opening, from the state that was known", () => {
    const made = makeBreaker({
      breakMs: () => {
        made.breaker.forceOpen(40);
        return 70;
      },
    });
    const seen: unknown[] = [];
    made.breaker.on("opened", ({ from, reason, level }) => seen.push([from, reason, level]));
    fail(made.breaker);
    expect([made.breaker.retryAfterMs, made.breaker.stats.openings]).toEqual([40, 1]);
    expect(seen).toEqual([["closed", "forced", 1]]);
  });

  it("refuse wrong options, naming option and value", () => {
    const wrong: [object, RegExp][] = [
      [{ initialMs: 0 }, /initialMs.*got 0/],
      [{ initialMs: Infinity }, /initialMs.*got Infinity/],
      [{ factor: 0.5 }, /factor.*got 0.5/],
      [{ initialMs: 500, maxMs: 400 }, /maxMs must be a number from 500 .*got 400/],
      [{ jitter: 1.5 }, /jitter.*got 1.5/],
      [{ jitter: NaN }, /jitter.*NaN/],
    ];
    for (const [options, message] of wrong) expect(() => exponentialBreak(options)).toThrow(message);
    expect(() => exponentialBreak({ random: 4 as never })).toThrow("random must be a function");
  });
});

describe("a ramp", () => {
  function ramped(options = {}): ReturnType<typeof makeBreaker> {
    const made = makeBreaker({ trip: consecutiveFailures(3), rampMs: 1_000, rampFrom: 0.1, ...options });
    made.breaker.forceOpen(100);
    made.clock.jump(100);
    succeed(made.breaker);
    return made;
  }

  const goesOf = ({ breaker }: ReturnType<typeof makeBreaker>, count: number): number => {
    let goes = 0;
    times(count, () => {
      const permit = breaker.tryAcquire();
      permit?.success();
      if (permit !== undefined) goes += 1;
    });
    return goes;
  };

  it("lets a growing share of the calls go after closing, the first at once, then all", () => {
    const made = ramped();
    expect([made.breaker.state, made.breaker.stats.admissionRatio, made.breaker.retryAfterMs]).toEqual(["closed", 0.1, 0]);
    expect(goesOf(made, 1)).toBe(1);
    const shares = [0, 250, 250, 250, 249].map((ms) => {
      made.clock.jump(ms);
      return goesOf(made, 100);
    });
    expect(shares).toEqual([10, 32, 55, 78, 99]);
    made.clock.jump(1);
    expect(goesOf(made, 1_000)).toBe(1_000);
    expect(made.breaker.stats.admissionRatio).toBe(1);
  });

  it("refuses the others at once, and tells when all will go", async () => {
    const made = ramped();
    goesOf(made, 1);
    made.clock.jump(300);
    const error = await errorOf(made.breaker.run(() => 1));
    expect(error).toMatchObject({ reason: "ramp", retryAfterMs: 700 });
    expect(String(error)).toContain("lets in a growing share for another 700 ms");
    expect(made.breaker.retryAfterMs).toBe(700);
    made.clock.jump(700);
    expect(await made.breaker.run(() => "all")).toBe("all");
  });

  it("failures on it open the breaker again, by the same trip", () => {
    const { breaker, clock } = ramped();
    let failures = 0;
    times(30, () => {
      const permit = breaker.tryAcquire();
      if (permit === undefined) return;
      permit.failure();
      failures += 1;
    });
    expect([failures, breaker.state]).toEqual([3, "open"]);
    clock.jump(100);
    succeed(breaker);
    expect(breaker.stats.admissionRatio).toBe(0.1); // and with a new ramp after that
  });

  it("is not there for those who reset by hand, nor without rampMs", () => {
    const { breaker } = ramped();
    breaker.reset();
    expect(breaker.stats.admissionRatio).toBe(1);
    expect(ramped({ rampMs: 0 }).breaker.stats.admissionRatio).toBe(1);
    expect(ramped({ rampFrom: 1 }).breaker.stats.admissionRatio).toBe(1);
  });

  it("works with durations being watched as well", () => {
    const { breaker, clock } = ramped({ meter: undefined });
    expect(breaker.tryAcquire()).toBeDefined();
    clock.jump(1e12);
    times(100, () => acquire(breaker));
  });

  it("is refused with wrong options, naming option and value", () => {
    const wrong: [object, RegExp][] = [
      [{ rampMs: -1 }, /rampMs.*-1/],
      [{ rampMs: Infinity }, /rampMs.*Infinity/],
      [{ rampMs: NaN }, /rampMs.*NaN/],
      [{ rampFrom: 0 }, /rampFrom must be above 0, got 0/],
      [{ rampFrom: 1.1 }, /rampFrom.*1.1/],
      [{ probes: 0 }, /probes.*got 0/],
      [{ probes: 1.5 }, /probes.*1.5/],
      [{ probes: Infinity }, /probes.*Infinity/],
      [{ probeSuccessRatio: 0 }, /probeSuccessRatio must be above 0/],
      [{ probeSuccessRatio: 2 }, /probeSuccessRatio.*got 2/],
      [{ decayMs: -1 }, /decayMs.*-1/],
      [{ decayMs: NaN }, /decayMs.*NaN/],
      [{ mode: "on" }, /mode must be .* got on/],
      [{ control: {} }, /control must be a ManualControl/],
    ];
    for (const [options, message] of wrong) expect(() => makeBreaker(options)).toThrow(message);
  });
});

it("surplus callers are refused at once while the probe is out, whatever becomes of it, so no herd waits (B2)", async () => {
  const { breaker, clock } = makeBreaker();
  fail(breaker);
  clock.jump(100);
  const answer = deferred();
  const probe = breaker.run(() => answer.promise);
  const { signal } = new AbortController();
  const surplus = await Promise.allSettled(Array.from({ length: 1_000 }, () => breaker.run(() => 1, { signal })));
  expect(surplus.every(({ status }) => status === "rejected")).toBe(true);
  answer.resolve("up");
  expect(await probe).toBe("up");
});
