import { ManualClock, settled } from "@breakwater/core/testing";
import { Health, type HealthChange, type HealthOptions } from "@breakwater/health";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeCheck, feed } from "./helpers.ts";

const clock = new ManualClock(5000);

function withChecks(checks: NonNullable<HealthOptions["checks"]>, options: HealthOptions = {}) {
  const health = new Health({ clock, checks, random: () => 0.5, ...options });
  const changes: HealthChange[] = [];
  return { health, changes, listen: () => health.on("changed", (change) => changes.push(change)) };
}

const unhandled = vi.fn();
beforeEach(() => {
  unhandled.mockReset();
  process.on("unhandledRejection", unhandled);
});
afterEach(async () => {
  await settled();
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
  expect(clock.pendingTimers).toBe(0);
});

describe("a check", () => {
  it("is UNKNOWN before its first result, and so is the whole", () => {
    const { health } = withChecks({ db: { check: () => 1 } });
    feed(health, 100);
    expect(health.report).toMatchObject({
      status: "UNKNOWN",
      reason: 'critical check "db" has no result yet',
      checks: { db: { status: "UNKNOWN", critical: true } },
    });
  });

  it("passes with any answer but false, plain or promised, and vouches for a service without traffic", async () => {
    for (const answer of [undefined, 0, "", null, true, Promise.resolve([])]) {
      const { health } = withChecks({ db: { check: () => answer } });
      expect(await health.check()).toEqual({
        status: "HEALTHY",
        reason: 'no verdict on the error rate yet: 0 calls in the last 60 s, 20 needed for a verdict; critical check "db" passes',
        windowStatus: "UNKNOWN",
        errorRate: 0,
        total: 0,
        failures: 0,
        checks: { db: { status: "HEALTHY", critical: true, ageMs: 0, durationMs: 0 } },
        contributions: {},
      });
    }
  });

  it("fails by answering false, as a connection that says it is not connected", async () => {
    const { health } = withChecks({ db: { check: async () => false } });
    expect((await health.check()).checks.db).toMatchObject({ status: "UNHEALTHY", output: "answered false" });
  });

  it("fails by throwing before it returns a promise", async () => {
    const { health } = withChecks({
      db: {
        check: () => {
          throw new Error("no driver");
        },
      },
    });
    const report = await health.check();
    expect(report).toMatchObject({ status: "UNHEALTHY", reason: 'critical check "db" failed: no driver' });
    expect(report.checks.db).toMatchObject({ output: "no driver" });
  });

  it.each<[string, unknown, string]>([
    ["an error", new Error("refused"), "refused"],
    ["an error without a message but with a code, as Node's refused connections", Object.assign(new AggregateError([]), { code: "ECONNREFUSED" }), "ECONNREFUSED"],
    ["an error that only has a name", new RangeError(""), "RangeError"],
    ["a text", "down", "down"],
    ["nothing", undefined, "undefined"],
    ["an object without text", Object.create(null), "failed"],
    ["an object whose message is a trap", Object.defineProperty({}, "message", { get: () => { throw new Error("trap"); } }), "failed"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
  ])("fails by rejecting with %s", async (_, error, output) => {
    const { health } = withChecks({ db: { check: () => Promise.reject(error) } });
    expect((await health.check()).checks.db).toMatchObject({ status: "UNHEALTHY", output });
  });

  it("that hangs fails at its timeout, and its signal aborts", async () => {
    const db = new FakeCheck();
    const { health } = withChecks({ db });
    const report = health.check();
    await clock.advanceAsync(999);
    expect(health.stats.checking).toBe(1);
    expect(db.signals[0]?.aborted).toBe(false);
    await clock.advanceAsync(1);
    expect((await report).checks.db).toEqual({
      status: "UNHEALTHY",
      critical: true,
      ageMs: 0,
      durationMs: 1000,
      output: "no answer within 1000 ms",
    });
    expect(db.signals[0]?.reason).toMatchObject({ name: "TimeoutError", message: "no answer within 1000 ms" });
  });

  it("that obeys its signal is still a timeout, not whatever it rejects with", async () => {
    const check = (signal: AbortSignal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("query cancelled"))));
    const { health } = withChecks({ db: { check } });
    const report = health.check();
    await clock.advanceAsync(1000);
    expect((await report).checks.db?.output).toBe("no answer within 1000 ms");
  });

  it("that answers after its timeout is ignored", async () => {
    const db = new FakeCheck();
    const { health } = withChecks({ db });
    void health.check();
    await clock.advanceAsync(1000);
    db.run(0).resolve("late");
    await settled();
    expect(health.status).toBe("UNHEALTHY");
  });

  it("that rejects after its timeout is ignored, and the rejection is handled", async () => {
    const db = new FakeCheck();
    const { health } = withChecks({ db });
    void health.check();
    await clock.advanceAsync(1000);
    void health.check();
    db.run(1).resolve("fine");
    await settled();
    db.run(0).reject(new Error("late"));
    await settled();
    expect(health.status).toBe("HEALTHY");
  });

  it("that is late does not end the run that came after it", async () => {
    const db = new FakeCheck();
    const { health } = withChecks({ db });
    void health.check();
    await clock.advanceAsync(1000);
    const second = health.check();
    db.run(0).resolve("late");
    await settled();
    expect(health.stats.checking).toBe(1);
    db.run(1).reject(new Error("down"));
    expect((await second).checks.db?.output).toBe("down");
  });

  it("may take for ever when told so, without a timer", async () => {
    const db = new FakeCheck();
    const { health } = withChecks({ db: { check: db.check, timeoutMs: Infinity } });
    const report = health.check();
    await clock.advanceAsync(1e9);
    db.run(0).resolve("at last");
    expect((await report).checks.db).toMatchObject({ status: "HEALTHY", durationMs: 1e9 });
  });

  it("runs once however many ask while it runs", async () => {
    const db = new FakeCheck();
    const { health } = withChecks({ db });
    const reports = [health.check(), health.check(), health.check()];
    expect(db.runs).toHaveLength(1);
    db.run(0).resolve("fine");
    expect((await Promise.all(reports)).map(({ status }) => status)).toEqual(["HEALTHY", "HEALTHY", "HEALTHY"]);
    void health.check();
    expect(db.runs).toHaveLength(2);
    db.run(1).resolve("fine");
    await settled();
  });

  it("runs beside the others, each bounded by its own timeout", async () => {
    const [slow, slower] = [new FakeCheck(), new FakeCheck()];
    const { health } = withChecks({
      slow: { check: slow.check, timeoutMs: 50 },
      slower: { check: slower.check, timeoutMs: 80, critical: false },
      quick: { check: () => 1 },
    });
    const report = health.check();
    await clock.advanceAsync(80);
    expect((await report).checks).toMatchObject({
      slow: { durationMs: 50, ageMs: 30 },
      slower: { durationMs: 80, ageMs: 0 },
      quick: { durationMs: 0, ageMs: 80 },
    });
  });

  it("that is optional only degrades", async () => {
    const { health } = withChecks({ cache: { check: () => false, critical: false }, db: { check: () => 1 } });
    expect(await health.check()).toMatchObject({
      status: "DEGRADED",
      reason: 'optional check "cache" failed: answered false',
      checks: { cache: { status: "UNHEALTHY", critical: false } },
    });
  });

  it("that fails makes the whole UNHEALTHY whatever the error rate says", async () => {
    const { health } = withChecks({ db: { check: () => false } });
    feed(health, 100);
    expect((await health.check()).status).toBe("UNHEALTHY");
  });

  it("gives its last result, with its age, to whoever reads", async () => {
    const { health } = withChecks({ db: { check: () => 1 } });
    await health.check();
    clock.advance(1234);
    expect(health.report.checks.db).toMatchObject({ status: "HEALTHY", ageMs: 1234 });
  });

  it("may be named like a property of every object", async () => {
    const { health } = withChecks({ ["__proto__"]: { check: () => 1 }, constructor: { check: () => false } });
    const { checks } = await health.check();
    expect(Object.keys(checks)).toEqual(["__proto__", "constructor"]);
    expect(JSON.parse(JSON.stringify(checks))).toEqual(checks);
  });

  it("leaves a report that is plain data", async () => {
    const { health } = withChecks({ db: { check: () => Promise.reject(new Error("down")) } });
    const report = await health.check();
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});

describe("a stale result", () => {
  it("counts as UNKNOWN three intervals after it came, and says so", async () => {
    const { health } = withChecks({ db: { check: () => 1 } });
    await health.check();
    clock.jump(29_999);
    expect(health.status).toBe("HEALTHY");
    clock.jump(1);
    expect(health.report).toMatchObject({
      status: "UNKNOWN",
      reason:
        "no verdict on the error rate yet: 0 calls in the last 60 s, 20 needed for a verdict; " +
        'critical check "db" is stale: its last result came 30 s ago',
      checks: { db: { status: "UNKNOWN", ageMs: 30_000 } },
    });
  });

  it("takes its limit from `staleAfterMs`", async () => {
    const { health } = withChecks({ db: { check: () => false } }, { staleAfterMs: 500 });
    await health.check();
    clock.jump(499);
    expect(health.status).toBe("UNHEALTHY");
    clock.jump(1);
    expect(health.status).toBe("UNKNOWN");
  });

  it("reaches a listener though nobody reads, by a timer that does not hold the process", async () => {
    const { health, changes, listen } = withChecks({ db: { check: () => 1 }, cache: { check: () => 1, critical: false } });
    const unsubscribe = listen();
    await health.check();
    expect(clock.pendingRefTimers).toBe(0);
    await clock.advanceAsync(30_000);
    expect(changes.map(({ from, to }) => [from, to])).toEqual([
      ["UNKNOWN", "HEALTHY"],
      ["HEALTHY", "UNKNOWN"],
    ]);
    expect(clock.pendingTimers).toBe(0);
    unsubscribe();
  });
});

describe("polling", () => {
  it("asks at once, then each check at its own interval after its last answer", async () => {
    const [db, cache] = [new FakeCheck(), new FakeCheck()];
    const { health } = withChecks({ db: { check: db.check, intervalMs: 100 }, cache: { check: cache.check, intervalMs: 250 } });
    health.start();
    health.start();
    expect([db.runs.length, cache.runs.length]).toEqual([1, 1]);
    cache.run(0).resolve("fine");
    await clock.advanceAsync(40);
    db.run(0).resolve("fine");
    await clock.advanceAsync(99);
    expect(db.runs).toHaveLength(1);
    await clock.advanceAsync(1);
    expect([db.runs.length, cache.runs.length]).toEqual([2, 1]);
    await clock.advanceAsync(110);
    expect([db.runs.length, cache.runs.length]).toEqual([2, 2]);
    health.stop();
  });

  it("does not ask again while an answer is out, and goes on after a timeout", async () => {
    const db = new FakeCheck();
    const { health } = withChecks({ db: { check: db.check, intervalMs: 100, timeoutMs: 1000 } });
    health.start();
    await clock.advanceAsync(999);
    expect(db.runs).toHaveLength(1);
    await clock.advanceAsync(101);
    expect(db.runs).toHaveLength(2);
    health.stop();
  });

  it("goes on when a check throws before it returns a promise", async () => {
    const check = vi.fn(() => {
      throw new Error("no driver");
    });
    const { health } = withChecks({ db: { check, intervalMs: 100 } });
    health.start();
    await clock.advanceAsync(1000);
    expect(check).toHaveBeenCalledTimes(11);
    health.stop();
  });

  it("counts a result that somebody asked for as a poll", async () => {
    const check = vi.fn(() => 1);
    const { health } = withChecks({ db: { check, intervalMs: 100 } });
    health.start();
    await clock.advanceAsync(60);
    await health.check();
    await clock.advanceAsync(99);
    expect(check).toHaveBeenCalledTimes(2);
    await clock.advanceAsync(1);
    expect(check).toHaveBeenCalledTimes(3);
    health.stop();
  });

  it("does not hold the process between two runs", async () => {
    const { health } = withChecks({ db: { check: () => 1 } });
    health.start();
    await settled();
    expect([clock.pendingTimers, clock.pendingRefTimers]).toEqual([1, 0]);
    health.stop();
  });

  it("that stops during a check aborts it, ignores its answer and lets those go who wait", async () => {
    const db = new FakeCheck();
    const { health } = withChecks({ db });
    health.start();
    const waiting = health.check();
    health.stop();
    health.stop();
    expect(clock.pendingTimers).toBe(0);
    expect(db.signals[0]?.aborted).toBe(true);
    expect((await waiting).checks.db).toEqual({ status: "UNKNOWN", critical: true });
    db.run(0).reject(new Error("aborted"));
    await settled();
    expect(health.report.checks.db).toEqual({ status: "UNKNOWN", critical: true });
  });

  it("that a check stops from within leaves nothing running", async () => {
    const { health } = withChecks({
      db: {
        check: () => {
          health.stop();
          return new Promise(() => undefined);
        },
      },
    });
    health.start();
    expect(health.stats.checking).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it("that has stopped sets no timer, not even for a listener, but calls and checks still count", async () => {
    const { health, changes, listen } = withChecks({ db: { check: () => 1 } });
    listen();
    health.start();
    await settled();
    health.stop();
    feed(health, 0, 20);
    expect(clock.pendingTimers).toBe(0);
    expect(changes.map(({ to }) => to)).toEqual(["HEALTHY", "UNHEALTHY"]);
    await health.check();
    expect(clock.pendingTimers).toBe(0);
  });

  it("can start again, and asks at once", async () => {
    const check = vi.fn(() => 1);
    const { health } = withChecks({ db: { check } });
    health.start();
    await settled();
    health.stop();
    health.start();
    expect(check).toHaveBeenCalledTimes(2);
    await settled();
    health.stop();
  });

  it("without checks sets no timer", () => {
    const { health } = withChecks({});
    health.start();
    expect(clock.pendingTimers).toBe(0);
    health.stop();
  });

  it("tells of an outage and of its end", async () => {
    let answer = true;
    const { health, changes, listen } = withChecks({ db: { check: () => answer, intervalMs: 1000 } });
    listen();
    health.start();
    await clock.advanceAsync(500);
    answer = false;
    await clock.advanceAsync(1000);
    answer = true;
    await clock.advanceAsync(5000);
    expect(changes.map(({ to }) => to)).toEqual(["HEALTHY", "UNHEALTHY", "HEALTHY"]);
    expect(changes[1]?.reason).toBe('critical check "db" failed: answered false');
    health.stop();
  });
});
