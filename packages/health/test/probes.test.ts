import { ManualClock, settled } from "@breakwater/core/testing";
import { Health, type HealthOptions } from "@breakwater/health";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeCheck, feed } from "./helpers.ts";

const clock = new ManualClock(1000);
const wallClock = () => Date.UTC(2026, 0, 2, 3, 4, 5);

function setup(options: HealthOptions = {}): Health {
  return new Health({ clock, wallClock, random: () => 0.5, ...options });
}

afterEach(() => {
  expect(clock.pendingTimers).toBe(0);
});

describe("readiness", () => {
  it("is 200 while HEALTHY and never 5xx while DEGRADED", async () => {
    const health = setup({ checks: { db: { check: () => true }, cache: { check: () => false, critical: false } } });
    expect(await health.check()).toMatchObject({ status: "DEGRADED" });
    expect(health.readiness()).toMatchObject({ status: 200, body: { status: "warn", notes: ["DEGRADED"] } });
    const well = setup();
    feed(well, 20);
    expect(well.readiness()).toMatchObject({ status: 200, body: { status: "pass", notes: ["HEALTHY"] } });
  });

  it("is 503 while UNHEALTHY", () => {
    const health = setup();
    feed(health, 0, 20);
    expect(health.readiness()).toMatchObject({ status: 503, body: { status: "fail", notes: ["UNHEALTHY"] } });
  });

  it("is 503 while UNKNOWN: a check without an answer does not pass", () => {
    const health = setup({ checks: { db: { check: () => true } } });
    feed(health, 20);
    const { status, body } = health.readiness();
    expect(status).toBe(503);
    expect(body.checks?.["db:responseTime"]).toEqual([{ componentId: "db", componentType: "component", status: "fail" }]);
  });

  it("is 503 when the last answer is stale, with the time at which it came", async () => {
    const health = setup({ checks: { db: { check: () => true } } });
    await health.check();
    clock.jump(30_000);
    const { status, body } = health.readiness();
    expect(status).toBe(503);
    expect(body.checks?.["db:responseTime"]).toMatchObject([{ status: "fail", time: "2026-01-02T03:03:35.000Z" }]);
  });

  it("answers at once while every check hangs, and asks nobody, however many probes come", async () => {
    const db = new FakeCheck();
    const health = setup({ checks: { db } });
    health.start();
    for (let i = 0; i < 1000; i += 1) expect(health.readiness().status).toBe(503);
    expect(db.runs).toHaveLength(1);
    db.run(0).resolve(true);
    await settled();
    for (let i = 0; i < 1000; i += 1) expect(health.readiness().status).toBe(200);
    expect(db.runs).toHaveLength(1);
    health.stop();
  });

  it("names its type, and is not to be cached", () => {
    expect(setup().readiness().headers).toEqual({ "content-type": "application/health+json", "cache-control": "no-store" });
  });
});

describe("a body", () => {
  it("says of each part what was observed, in health+json", async () => {
    const health = setup({
      name: "shop",
      checks: {
        db: {
          check: () => clock.jump(12),
          componentType: "datastore",
        },
        cache: { check: () => Promise.reject(new Error("redis://user:secret@10.0.0.7 refused")), critical: false },
      },
      contributions: { orders: () => ({ status: "DEGRADED", reason: "breaker orders is half-open" }) },
    });
    feed(health, 98, 2);
    await health.check();
    clock.jump(3000);
    expect(health.readiness().body).toEqual({
      status: "warn",
      notes: ["DEGRADED"],
      serviceId: "shop",
      checks: {
        "calls:errorRate": [
          { componentType: "system", observedValue: 2, observedUnit: "percent", status: "pass", time: "2026-01-02T03:04:05.000Z" },
        ],
        "db:responseTime": [
          {
            componentId: "db",
            componentType: "datastore",
            observedValue: 12,
            observedUnit: "ms",
            status: "pass",
            time: "2026-01-02T03:04:02.000Z",
          },
        ],
        "cache:responseTime": [
          {
            componentId: "cache",
            componentType: "component",
            observedValue: 0,
            observedUnit: "ms",
            status: "fail",
            time: "2026-01-02T03:04:02.000Z",
          },
        ],
        "orders:health": [
          { componentId: "orders", componentType: "component", observedValue: "DEGRADED", status: "warn", time: "2026-01-02T03:04:05.000Z" },
        ],
      },
    });
  });

  it("hides the texts of errors, which may hold hosts and users, unless it is told to show them", async () => {
    const options: HealthOptions = {
      checks: { db: { check: () => Promise.reject(new Error("secret@10.0.0.7 refused")) } },
      contributions: { orders: () => ({ status: "DEGRADED", reason: "secret half-open" }) },
    };
    const [hidden, shown] = [setup(options), setup({ ...options, showsOutput: true })];
    await Promise.all([hidden.check(), shown.check()]);
    for (const probe of ["readiness", "startup", "liveness"] as const) expect(JSON.stringify(hidden[probe]())).not.toContain("secret");
    expect(shown.readiness().body).toMatchObject({
      output: 'critical check "db" failed: secret@10.0.0.7 refused',
      checks: {
        "db:responseTime": [{ output: "secret@10.0.0.7 refused" }],
        "orders:health": [{ output: "secret half-open" }],
      },
    });
  });

  it("says nothing of an error rate on which there is no verdict", () => {
    expect(setup().readiness().body).toEqual({ status: "warn", notes: ["UNKNOWN"] });
  });

  it("does not hold an instance back for want of calls alone, but for something critical without an answer", () => {
    expect(setup().readiness().status).toBe(200);
    const check = (): Promise<never> => new Promise(() => undefined);
    expect(setup({ checks: { cache: { check, critical: false } } }).readiness().status).toBe(200);
    expect(setup({ checks: { database: { check } } }).readiness().status).toBe(503);
  });

  it("only warns of an optional check without an answer, which does not make the whole fail", () => {
    const health = setup({ checks: { cache: { check: () => true, critical: false } } });
    feed(health, 20);
    expect(health.readiness().body).toMatchObject({ status: "pass", checks: { "cache:responseTime": [{ status: "warn" }] } });
  });

  it("has one colon in each key, whatever the names, and loses none", async () => {
    const health = setup({
      checks: { "db:1": { check: () => true }, "db.1": { check: () => true }, ["__proto__"]: { check: () => true } },
    });
    await health.check();
    const { checks = {} } = health.readiness().body;
    expect(Object.keys(checks)).toEqual(["db.1:responseTime", "__proto__:responseTime"]);
    expect(checks["db.1:responseTime"]).toMatchObject([{ componentId: "db:1" }, { componentId: "db.1" }]);
  });

  it("is plain data, new each time: what one reader does to it the next does not see", async () => {
    const health = setup({ checks: { db: { check: () => true } } });
    await health.check();
    const first = health.readiness();
    expect(JSON.parse(JSON.stringify(first))).toEqual(first);
    (first.body as { status: string }).status = "spoilt"; // as JavaScript may
    expect(health.readiness().body.status).toBe("pass");
  });
});

describe("startup", () => {
  it("is as readiness until the first success, and 200 from then on, whatever comes", async () => {
    let isUp = false;
    const health = setup({ checks: { db: { check: () => isUp } } });
    await health.check();
    expect(health.startup()).toEqual(health.readiness());
    expect(health.startup().status).toBe(503);
    isUp = true;
    await health.check();
    expect(health.startup()).toMatchObject({ status: 200, body: { status: "pass", notes: ["started"] } });
    isUp = false;
    await health.check();
    expect(health.readiness().status).toBe(503);
    expect(health.startup().status).toBe(200);
    health.drain();
    expect(health.startup().status).toBe(200);
  });

  it("is over when DEGRADED: that serves", async () => {
    const health = setup({ checks: { db: { check: () => clock.jump(500), slowMs: 400 } } });
    await health.check();
    expect(health.status).toBe("DEGRADED");
    expect(health.startup().status).toBe(200);
  });

  it("remembers a success that nobody was looking at", async () => {
    let isUp = true;
    const health = setup({ checks: { db: { check: () => isUp } } });
    health.start();
    await settled();
    isUp = false;
    await clock.advanceAsync(10_000);
    expect(health.startup().status).toBe(200);
    health.stop();
  });

  it("has begun, once readiness was 200 for want of calls alone, whatever the calls say later", () => {
    for (const probe of ["startup", "readiness"] as const) {
      const health = setup();
      expect(health[probe]().status).toBe(200);
      feed(health, 0, 20);
      expect(health.readiness().status).toBe(503);
      expect(health.startup().status).toBe(200);
    }
  });

  it("does not begin with a drain", () => {
    const health = setup();
    health.drain();
    expect(health.startup().status).toBe(503);
  });
});

describe("liveness", () => {
  it("never looks at dependencies, error rates or patterns: a restart cures none of them", async () => {
    const check = vi.fn(() => false);
    const read = vi.fn(() => ({ status: "UNHEALTHY", reason: "open" }) as const);
    const health = setup({ checks: { db: { check } }, contributions: { orders: { from: read, critical: true } } });
    feed(health, 0, 100);
    await health.check();
    check.mockClear();
    read.mockClear();
    expect(health.liveness()).toMatchObject({ status: 200, body: { status: "pass" } });
    expect(check).not.toHaveBeenCalled();
    expect(read).not.toHaveBeenCalled();
  });

  it("measures no delay, and sets no timer, unless it is told what to tolerate", () => {
    const health = setup();
    health.start();
    expect(clock.pendingTimers).toBe(0);
    clock.jump(1e6);
    expect(health.liveness().body).toEqual({ status: "pass" });
    health.stop();
  });

  it("is 503 while the event loop stood still for too long, and 200 again after a beat in time", () => {
    const health = setup({ maxLoopDelayMs: 5000 });
    health.start();
    expect([clock.pendingTimers, clock.pendingRefTimers]).toEqual([1, 0]);
    clock.advance(10_000);
    expect(health.liveness()).toMatchObject({ status: 200, body: { checks: { "eventLoop:delay": [{ observedValue: 0, observedUnit: "ms" }] } } });
    clock.jump(6001); // the beat was due after 1000
    expect(health.liveness()).toMatchObject({ status: 503, body: { status: "fail", checks: { "eventLoop:delay": [{ observedValue: 5001 }] } } });
    clock.advance(0); // the late beat comes
    expect(health.liveness().status).toBe(503);
    clock.advance(1000);
    expect(health.liveness().status).toBe(200);
    health.stop();
  });

  it("tolerates a delay of exactly what it was told", () => {
    const health = setup({ maxLoopDelayMs: 100 });
    health.start();
    clock.jump(200);
    expect(health.liveness().status).toBe(200);
    clock.jump(1);
    expect(health.liveness().status).toBe(503);
    health.stop();
  });

  it("knows of no delay before the start and after the stop", () => {
    const health = setup({ maxLoopDelayMs: 100 });
    clock.jump(1000);
    expect(health.liveness().status).toBe(200);
    health.start();
    clock.jump(1000);
    health.stop();
    expect(health.liveness().status).toBe(200);
    health.start();
    expect(health.liveness().status).toBe(200);
    health.stop();
  });
});
