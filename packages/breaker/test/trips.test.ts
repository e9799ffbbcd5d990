import { allOf, anyOf, consecutiveFailures, countWindow, faults, slowCalls, timeWindow, type BreakerEvents, type Trip, type TripWindow } from "@breakwater/breaker";
import { describe, expect, it } from "vitest";
import { acquire, catchWarnings, errorOf, fail, makeBreaker, rejecting, succeed, times } from "./helpers.ts";

describe("a time window", () => {
  const window = { windowMs: 1_000, failureRatio: 0.5, minimumCalls: 4 };

  it("opens when the share of failures in it reaches the ratio, with enough calls", () => {
    const { breaker } = makeBreaker({ trip: timeWindow(window) });
    times(2, () => succeed(breaker));
    fail(breaker);
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(breaker.state).toBe("open");
  });

  it("forgets what is older, bucket by bucket", () => {
    const { breaker, clock } = makeBreaker({ trip: timeWindow(window) });
    times(3, () => fail(breaker));
    clock.jump(1_000);
    succeed(breaker);
    expect(breaker.state).toBe("closed"); // 0 of 1, not 3 of 4
    times(2, () => fail(breaker));
    expect(breaker.state).toBe("closed");
    clock.jump(900);
    fail(breaker);
    expect(breaker.state).toBe("open");
  });

  it("holds nothing after a gap, however long (C7)", () => {
    for (const gapMs of [1_000, 1_001, 3_600_000, 10 * 365 * 86_400_000]) {
      const { breaker, clock } = makeBreaker({ trip: timeWindow(window) });
      times(3, () => fail(breaker));
      clock.jump(gapMs);
      times(3, () => succeed(breaker));
      fail(breaker);
      expect(breaker.state).toBe("closed");
    }
  });

  it("counts a call that took longer than the window, when it ends (C10)", () => {
    const { breaker, clock } = makeBreaker({ trip: timeWindow({ ...window, minimumCalls: 1 }) });
    const slow = acquire(breaker);
    clock.jump(60_000);
    slow.failure();
    expect(breaker.state).toBe("open");
  });

  it("counts an absolute number of failures with a ratio of 0", () => {
    const { breaker, clock } = makeBreaker({ trip: timeWindow({ windowMs: 1_000, failureRatio: 0, minimumFailures: 3 }) });
    const seen: BreakerEvents["opened"][] = [];
    breaker.on("opened", (event) => seen.push(event));
    times(100, () => succeed(breaker));
    times(2, () => fail(breaker));
    clock.jump(1_000);
    times(2, () => fail(breaker));
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(seen).toMatchObject([{ reason: "failures", calls: 3, failures: 3 }]);
  });

  it("forgets nothing in a window without end, and nothing when the clock goes back (E1)", () => {
    for (const windowMs of [1_000, Infinity]) {
      const { breaker, clock } = makeBreaker({ trip: timeWindow({ ...window, windowMs }) });
      times(3, () => fail(breaker));
      clock.jump(-3_600_000);
      fail(breaker);
      expect(breaker.state).toBe("open");
    }
    const { breaker, clock } = makeBreaker({ trip: timeWindow({ ...window, windowMs: Infinity }) });
    times(3, () => fail(breaker));
    clock.jump(1e15);
    fail(breaker);
    expect(breaker.state).toBe("open");
  });

  it("wants twenty calls unless told otherwise", () => {
    const { breaker } = makeBreaker({ trip: timeWindow({ windowMs: 1_000, failureRatio: 0.1 }) });
    times(19, () => fail(breaker));
    expect(breaker.state).toBe("closed");
    fail(breaker);
    expect(breaker.state).toBe("open");
  });

  it("refuses wrong options when it is made, naming option and value", () => {
    const wrong: Record<string, readonly number[]> = {
      windowMs: [0, -1, NaN],
      failureRatio: [-0.1, 1.1, NaN, Infinity],
      minimumCalls: [0, 1.5, NaN],
      minimumFailures: [0, -1, 2.5, NaN],
      buckets: [1, 1_001, 2.5, NaN],
    };
    for (const [option, values] of Object.entries(wrong)) {
      for (const value of values) {
        const make = (): Trip => timeWindow({ ...window, [option]: value });
        expect(make).toThrow(RangeError);
        expect(make).toThrow(new RegExp(`${option}.*got ${value}`));
      }
    }
    expect(() => timeWindow({ ...window, windowMs: "1s" as never })).toThrow('windowMs must be a number, got "1s"');
  });
});

describe("several trips", () => {
  const three = consecutiveFailures(3);
  const half = countWindow({ size: 10, failureRatio: 0.5 });

  it("anyOf opens with the first, whichever it is, and says which", () => {
    for (const [outcomes, reason] of [["fff", "consecutive-failures"], ["sfsfsfsfsf", "failure-ratio"]] as const) {
      const { breaker } = makeBreaker({ trip: anyOf(three, half) });
      const reasons: string[] = [];
      breaker.on("opened", (event) => reasons.push(event.reason));
      for (const outcome of outcomes) if (outcome === "f") fail(breaker); else succeed(breaker);
      expect(reasons).toEqual([reason]);
    }
  });

  it("allOf opens when all would at the same moment", () => {
    const { breaker } = makeBreaker({ trip: allOf(three, half) });
    const reasons: string[] = [];
    breaker.on("opened", (event) => reasons.push(event.reason));
    times(7, () => succeed(breaker));
    times(3, () => fail(breaker)); // three in a row, but 3 of 10
    expect(breaker.state).toBe("closed");
    times(2, () => fail(breaker));
    expect(reasons).toEqual(["consecutive-failures and failure-ratio"]);
  });

  it("allOf asks for failures that are slow as well", () => {
    const { breaker, clock } = makeBreaker({ trip: allOf(consecutiveFailures(2), slowCalls({ slowMs: 50, trip: consecutiveFailures(2) })) });
    times(5, () => fail(breaker));
    expect(breaker.state).toBe("closed");
    for (const permit of [acquire(breaker), acquire(breaker)]) {
      clock.jump(50);
      permit.failure();
    }
    expect(breaker.state).toBe("open");
  });

  it("may be shared: each breaker has windows of its own (D5)", () => {
    const trip = anyOf(three, timeWindow({ windowMs: 1_000, failureRatio: 0.5, minimumCalls: 3 }));
    const [one, other] = [makeBreaker({ trip }).breaker, makeBreaker({ trip }).breaker];
    times(2, () => fail(one));
    fail(other);
    expect([one.state, other.state]).toEqual(["closed", "closed"]);
    fail(one);
    expect([one.state, other.state]).toEqual(["open", "closed"]);
  });

  it("are refused when there are none, or one of them is none", () => {
    expect(() => anyOf()).toThrow("trips must hold at least one");
    expect(() => allOf()).toThrow(TypeError);
    expect(() => anyOf(three, {} as never)).toThrow("trips[1].createWindow must be a function");
  });
});

describe("local and remote faults", () => {
  const classify = (result: PromiseSettledResult<unknown>): { outcome: "failure"; fault: "local" } | undefined =>
    result.status === "rejected" && result.reason === "ECONNREFUSED" ? { outcome: "failure", fault: "local" } : undefined;
  const trip = anyOf(faults("local", consecutiveFailures(2)), faults("remote", countWindow({ size: 4, failureRatio: 0.5 })));

  it("have thresholds of their own: a bad answer shows that the dependency was reached", async () => {
    const { breaker } = makeBreaker({ trip, classify });
    await errorOf(breaker.run(rejecting("ECONNREFUSED")));
    await errorOf(breaker.run(rejecting("503")));
    await errorOf(breaker.run(rejecting("ECONNREFUSED")));
    expect(breaker.state).toBe("closed");
    const seen: string[] = [];
    breaker.on("opened", ({ reason }) => seen.push(reason));
    await errorOf(breaker.run(rejecting("ECONNREFUSED")));
    expect(seen).toEqual(["local consecutive-failures"]);
  });

  it("a fault on the way is no call to the remote count, in neither part of the ratio", async () => {
    const { breaker } = makeBreaker({ trip: faults("remote", countWindow({ size: 4, failureRatio: 0.5 })), classify });
    for (let i = 0; i < 20; i += 1) await errorOf(breaker.run(rejecting("ECONNREFUSED")));
    expect(breaker.state).toBe("closed");
    await breaker.run(() => 1);
    await breaker.run(() => 1);
    await errorOf(breaker.run(rejecting("503")));
    expect(breaker.state).toBe("closed");
    await errorOf(breaker.run(rejecting("503")));
    expect(breaker.state).toBe("open");
  });

  it("a failure that is not of its kind opens nothing, though it has seen enough of its own", async () => {
    for (const [fault, own, other] of [["remote", "503", "ECONNREFUSED"], ["local", "ECONNREFUSED", "503"]] as const) {
      const { breaker } = makeBreaker({ trip: faults(fault, countWindow({ size: 4, failureRatio: 0.25 })), classify });
      await errorOf(breaker.run(rejecting(own)));
      for (let i = 0; i < 2; i += 1) await breaker.run(() => 1);
      await (fault === "remote" ? breaker.run(() => 1) : errorOf(breaker.run(rejecting(other)))); // 1 of 4, by what is good to it
      expect(breaker.state).toBe("closed");
      await errorOf(breaker.run(rejecting(other)));
      expect(breaker.state).toBe("closed");
      await errorOf(breaker.run(rejecting(own)));
      expect(breaker.state).toBe("open");
    }
  });

  it("may both be asked for: either of them is the last straw", async () => {
    const { breaker } = makeBreaker({
      trip: allOf(...(["local", "remote"] as const).map((fault) => faults(fault, timeWindow({ windowMs: 1_000, failureRatio: 0, minimumFailures: 2 })))),
      classify,
    });
    for (const error of ["503", "503", "ECONNREFUSED"]) await errorOf(breaker.run(rejecting(error)));
    expect(breaker.state).toBe("closed");
    await errorOf(breaker.run(rejecting("ECONNREFUSED")));
    expect(breaker.state).toBe("open");
  });

  it("take a trip of one's own that is an object of a class, whatever it keeps in getters", () => {
    class Watch implements Trip {
      get slowMs(): readonly number[] {
        return [50];
      }

      createWindow(): TripWindow {
        let slow = 0;
        return {
          record: () => undefined,
          recordDuration: (isSlow) => void (slow += isSlow ? 1 : 0),
          verdict: () => (slow > 0 ? { reason: "watched", calls: slow, failures: slow } : undefined),
          isClean: () => slow === 0,
        };
      }
    }
    for (const trip of [new Watch(), faults("remote", new Watch()), anyOf(faults("local", new Watch()))]) {
      const { breaker, clock } = makeBreaker({ trip });
      const permit = acquire(breaker);
      clock.jump(50);
      permit.success();
      expect(breaker.state).toBe("open");
    }
  });

  it("local ones alone are refused as a judge of durations, which are none", () => {
    const local = faults("local", consecutiveFailures(1));
    for (const trip of [local, faults("remote", local), anyOf(local, local), allOf(consecutiveFailures(1), local)]) {
      expect(() => slowCalls({ slowMs: 50, trip })).toThrow("trip must not judge local faults only: a duration is none, and it would never trip");
    }
    const { breaker } = makeBreaker({ trip: slowCalls({ slowMs: 50, trip: anyOf(local, faults("remote", consecutiveFailures(1))) }) });
    acquire(breaker).success(50);
    expect(breaker.state).toBe("open");
  });

  it("are named local and remote, and nothing else", () => {
    expect(() => faults("near" as never, consecutiveFailures())).toThrow('fault must be "local" or "remote", got near');
    expect(() => faults("local", undefined as never)).toThrow("trip.createWindow");
  });
});

describe("what classify may tell of a failure", () => {
  const answer = (retryAfterMs: number): Error & { retryAfterMs: number } => Object.assign(new Error("429"), { retryAfterMs });
  const retryAfter = (result: PromiseSettledResult<unknown>): number | undefined =>
    result.status === "rejected" ? (result.reason as { retryAfterMs?: number }).retryAfterMs : undefined;

  it("tripForMs opens it at once, for exactly so long, whatever the trip has seen", async () => {
    const { breaker, clock } = makeBreaker({
      trip: consecutiveFailures(100),
      breakMs: 5_000,
      classify: (result) => {
        const tripForMs = retryAfter(result);
        return tripForMs === undefined ? undefined : { outcome: "failure", tripForMs };
      },
    });
    const told = answer(30);
    const seen: BreakerEvents["opened"][] = [];
    breaker.on("opened", (event) => seen.push(event));
    expect(await errorOf(breaker.run(rejecting(told)))).toBe(told);
    expect(seen).toMatchObject([{ reason: "told", cause: told, retryAfterMs: 30 }]);
    expect(await errorOf(breaker.run(() => 1))).toMatchObject({ retryAfterMs: 30, cause: told });
    clock.jump(30);
    expect(await errorOf(breaker.run(rejecting(answer(70))))).toMatchObject({ message: "429" }); // the probe
    expect(breaker.retryAfterMs).toBe(70);
  });

  it("retryAfterMs is the least that a break lasts, and opens nothing by itself", async () => {
    const { breaker } = makeBreaker({
      trip: consecutiveFailures(2),
      classify: (result) => {
        const retryAfterMs = retryAfter(result);
        return retryAfterMs === undefined ? undefined : { outcome: "failure", retryAfterMs };
      },
    });
    await errorOf(breaker.run(rejecting(answer(700))));
    expect(breaker.state).toBe("closed");
    await errorOf(breaker.run(rejecting(answer(250))));
    expect(breaker.retryAfterMs).toBe(250);
    breaker.reset();
    await errorOf(breaker.run(rejecting(answer(10))));
    await errorOf(breaker.run(rejecting(answer(10))));
    expect(breaker.retryAfterMs).toBe(100);
  });

  it("may be told of values as well", async () => {
    const { breaker } = makeBreaker({ classify: (result) => (result.status === "fulfilled" ? { outcome: "failure", tripForMs: 40 } : undefined) });
    expect(await breaker.run(() => "busy")).toBe("busy");
    expect(await errorOf(breaker.run(() => 1))).toMatchObject({ cause: "busy", retryAfterMs: 40 });
  });

  it("that is no number, or no fault, becomes a warning and is dropped; it is a failure all the same, and the rest of it holds", async () => {
    const warnings = catchWarnings();
    const date = 1_000 * Number("Wed, 21 Oct 2026 07:28:00 GMT");
    for (const bad of [{ tripForMs: NaN }, { tripForMs: null }, { tripForMs: -1 }, { retryAfterMs: date }, { retryAfterMs: "5" }, { fault: "near" }]) {
      const { breaker } = makeBreaker({ trip: consecutiveFailures(2), classify: () => ({ outcome: "failure", ...bad }) as never });
      expect(await breaker.run(() => "value")).toBe("value");
      expect(breaker.stats).toMatchObject({ state: "closed", successes: 0, failures: 1 });
      await breaker.run(() => "value");
      expect([breaker.state, breaker.retryAfterMs]).toEqual(["open", 100]);
    }
    expect(warnings).toHaveBeenCalledTimes(12);
    const { breaker } = makeBreaker({ classify: () => ({ outcome: "failure", retryAfterMs: NaN, tripForMs: 40 }) });
    await breaker.run(() => "value");
    expect(breaker.retryAfterMs).toBe(40);
    warnings.mockRestore();
  });
});
