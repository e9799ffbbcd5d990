import { ManualClock } from "@breakwater/core/testing";
import { Health, type CheckOptions, type HealthStatus } from "@breakwater/health";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { Streak, type RunVerdict } from "../src/streak.ts";

const clock = new ManualClock(1000);

/** A check that takes so long, and passes or not. */
class Dependency {
  isUp = true;
  tookMs = 0;

  readonly check = (): boolean => {
    clock.jump(this.tookMs);
    return this.isUp;
  };
}

function setup(options: Omit<CheckOptions, "check">) {
  const db = new Dependency();
  const health = new Health({ clock, random: () => 0.5, checks: { db: { check: db.check, ...options } } });
  const ask = async (isUp: boolean): Promise<HealthStatus> => {
    db.isUp = isUp;
    return (await health.check()).status;
  };
  return { db, health, ask };
}

afterEach(() => {
  expect(clock.pendingTimers).toBe(0);
});

describe("a slow check", () => {
  it("degrades when it passes but took longer than `slowMs`, and not when it took just as long", async () => {
    const { db, health, ask } = setup({ slowMs: 200 });
    db.tookMs = 200;
    expect(await ask(true)).toBe("HEALTHY");
    db.tookMs = 201;
    expect(await ask(true)).toBe("DEGRADED");
    expect(health.report.reason).toContain('critical check "db" is slow: it took 201 ms');
    db.tookMs = 0;
    expect(await ask(true)).toBe("HEALTHY");
  });

  it("fails when it fails, however slow or quick", async () => {
    const { db, ask } = setup({ slowMs: 200 });
    db.tookMs = 500;
    expect(await ask(false)).toBe("UNHEALTHY");
  });

  it("is none by default, up to its timeout", async () => {
    const { db, ask } = setup({});
    db.tookMs = 999;
    expect(await ask(true)).toBe("HEALTHY");
  });
});

describe("failures and passes in a row", () => {
  it("one of each is enough by default", async () => {
    const { ask } = setup({});
    expect([await ask(true), await ask(false), await ask(true)]).toEqual(["HEALTHY", "UNHEALTHY", "HEALTHY"]);
  });

  it("fewer failures than it takes leave it passing, and a pass between them starts the count anew", async () => {
    const { health, ask } = setup({ failuresToFail: 3 });
    await ask(true);
    expect([await ask(false), await ask(false)]).toEqual(["HEALTHY", "HEALTHY"]);
    expect(health.report.reason).toContain('critical check "db" failed 2 of 3 times: answered false');
    expect(health.report.checks.db).toMatchObject({ status: "HEALTHY", output: "answered false" });
    expect([await ask(true), await ask(false), await ask(false), await ask(false)]).toEqual(["HEALTHY", "HEALTHY", "HEALTHY", "UNHEALTHY"]);
  });

  it("fewer passes than it takes leave it failing", async () => {
    const { health, ask } = setup({ successesToPass: 2 });
    await ask(false);
    expect(await ask(true)).toBe("UNHEALTHY");
    expect(health.report.reason).toBe('critical check "db" passed 1 of 2 times');
    expect([await ask(false), await ask(true), await ask(true)]).toEqual(["UNHEALTHY", "UNHEALTHY", "HEALTHY"]);
  });

  it("before the first of both it is UNKNOWN", async () => {
    const { health, ask } = setup({ failuresToFail: 2, successesToPass: 2 });
    expect([await ask(true), await ask(false)]).toEqual(["UNKNOWN", "UNKNOWN"]);
    expect(health.report.reason).toContain('critical check "db" failed 1 of 2 times');
    expect(await ask(false)).toBe("UNHEALTHY");
  });

  it("a stale result is no part of a row: a single failure does not make it HEALTHY again", async () => {
    const { ask } = setup({ failuresToFail: 3 });
    await ask(true);
    clock.jump(30_000);
    expect(await ask(false)).toBe("UNKNOWN");
  });

  it("they agree with an oracle that looks back over all runs", () => {
    const run = fc.constantFrom<RunVerdict>("passed", "slow", "failed");
    fc.assert(
      fc.property(fc.array(run), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (runs, failuresToFail, successesToPass) => {
        const streak = new Streak(failuresToFail, successesToPass);
        let expected: HealthStatus = "UNKNOWN";
        for (const [index, run] of runs.entries()) {
          streak.note(run);
          const lastOf = (count: number) => runs.slice(0, index + 1).slice(-count);
          const isAll = (count: number, isFailed: boolean) =>
            index + 1 >= count && lastOf(count).every((each) => (each === "failed") === isFailed);
          if (isAll(failuresToFail, true)) expected = "UNHEALTHY";
          const isPassing = expected === "HEALTHY" || expected === "DEGRADED";
          if (run !== "failed" && (isPassing || isAll(successesToPass, false))) expected = run === "slow" ? "DEGRADED" : "HEALTHY";
          expect(streak.verdict).toBe(expected);
        }
      }),
    );
  });
});

describe("the pause between two polls", () => {
  it.each([
    [0, 900],
    [0.5, 1000],
    [0.75, 1050],
  ])("with a random number of %d it is %d of 1000 ms", async (random, pauseMs) => {
    let runs = 0;
    const health = new Health({ clock, random: () => random, checks: { db: { check: () => (runs += 1), intervalMs: 1000 } } });
    health.start();
    await clock.advanceAsync(pauseMs - 1);
    expect(runs).toBe(1);
    await clock.advanceAsync(1);
    expect(runs).toBe(2);
    health.stop();
  });

  it("is exact with a jitter of 0, and as wide as told with another", async () => {
    for (const [jitterRatio, pauseMs] of [[0, 1000], [0.5, 500]] as const) {
      let runs = 0;
      const health = new Health({ clock, jitterRatio, random: () => 0, checks: { db: { check: () => (runs += 1), intervalMs: 1000 } } });
      health.start();
      await clock.advanceAsync(pauseMs);
      expect(runs).toBe(2);
      health.stop();
    }
  });
});
