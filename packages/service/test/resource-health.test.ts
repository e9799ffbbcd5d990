import { ManualClock, settled } from "@breakwater/core/testing";
import { createService, type Resource } from "@breakwater/service";
import { Pool } from "@breakwater/pool";
import { describe, expect, it } from "vitest";

const quick = async (): Promise<number> => 1;

async function started(clock: ManualClock, resources: readonly Resource[]) {
  const service = createService({ clock, resources }).handle(quick);
  const start = service.start();
  await clock.advanceAsync(0);
  await start;
  await settled();
  return service;
}

describe("the health of resources", () => {
  it("is a critical check of the service's, called on the resource itself, when it is a function", async () => {
    class Database {
      readonly name = "database";
      isUp = true;
      health(): boolean {
        return this.isUp;
      }
    }
    const clock = new ManualClock();
    const database = new Database();
    const service = await started(clock, [database]);
    expect(service.health.report.checks.database).toMatchObject({ status: "HEALTHY", critical: true });
    database.isUp = false;
    await service.health.check();
    expect(service.health.status).toBe("UNHEALTHY");
    await service.stop();
    expect(clock.pendingRefTimers).toBe(0);
  });

  it("is a check with options when it has them, and only degrades when it is not critical", async () => {
    const clock = new ManualClock();
    const service = await started(clock, [{ name: "db", health: () => 1 }, { name: "cache", health: { check: () => false, critical: false, intervalMs: 50 } }]);
    expect(service.health.report).toMatchObject({ status: "DEGRADED", checks: { cache: { status: "UNHEALTHY", critical: false } } });
  });

  it("is a contribution when it is what a pattern says of itself, read anew each time", async () => {
    const clock = new ManualClock();
    const pool = new Pool({ name: "db", create: () => 1, max: 1, clock });
    const resource = { name: "db", get health() { return pool.health; } };
    const service = await started(clock, [resource]);
    expect(service.health.report.contributions.db).toMatchObject({ status: "HEALTHY", critical: false });
    await pool.close();
    expect(service.health.report.contributions.db).toMatchObject({ status: "UNHEALTHY", reason: "pool db is closed" });
  });

  it("fails a check without asking before the resource has started, and after it has stopped", async () => {
    const clock = new ManualClock();
    let asked = 0;
    const service = createService({ clock, resources: [{ name: "database", health: () => (asked += 1) }] }).handle(quick);
    expect((await service.health.check()).checks.database).toMatchObject({ status: "UNHEALTHY", output: "resource database has not started" });
    await service.start();
    await service.health.check();
    expect(asked).toBeGreaterThan(0);
    const before = asked;
    await service.stop();
    await service.health.check();
    expect(asked).toBe(before);
  });

  it.each<[Resource, string]>([
    [{ name: "a", health: 3 as never }, 'health of resource "a" must be a function, or have check or status, got number'],
    [{ name: "a", health: {} as never }, 'health of resource "a" must be a function, or have check or status, got object'],
    [{ name: "a", health: { check: () => 1, timeoutMs: 0 } }, "checks.a.timeoutMs must be a number from 1 to Infinity, got 0"],
  ])("that is none of these is refused by name: %#", (resource, message) => {
    expect(() => createService({ resources: [resource] })).toThrow(message);
  });

  it("counts whatever the resource is called", async () => {
    const service = await started(new ManualClock(), [
      { name: "__proto__", health: () => false },
      { name: "constructor", health: { status: "HEALTHY", reason: "well" } },
    ]);
    const { checks, contributions } = service.health.report;
    expect([Object.keys(checks), Object.keys(contributions)]).toEqual([["__proto__"], ["lifecycle", "constructor"]]);
    expect(service.health.status).toBe("UNHEALTHY");
  });

  it("cannot take the place of what the service says of itself", () => {
    const health = { status: "HEALTHY", reason: "well" } as const;
    const message = '"lifecycle" is what the service says of itself: no pattern or resource that has health can have this name';
    expect(() => createService({ resources: [{ name: "lifecycle", health }] })).toThrow(new TypeError(message));
    expect(() => createService({ patterns: { lifecycle: { stats: {}, health } } })).toThrow(new TypeError(message));
  });

  it("has a name of its own among the checks", () => {
    const options = { resources: [{ name: "db", health: () => 1 }], health: { checks: { db: { check: () => 1 } } } };
    expect(() => createService(options)).toThrow(new TypeError('health.checks has "db", and so has a resource of this name'));
  });
});

describe("the report of a start", () => {
  it("says how long each resource took, and goes to the listeners too", async () => {
    const clock = new ManualClock();
    const wait = (ms: number) => () => new Promise((resolve) => clock.setTimer(() => resolve(1), ms));
    const service = createService({ clock, resources: [{ name: "a", start: wait(20) }, { name: "b", start: wait(30) }] }).handle(quick);
    const heard: unknown[] = [];
    service.on("started", (report) => heard.push(report));
    const start = service.start();
    await clock.advanceAsync(50);
    const report = { durationMs: 50, resources: [{ name: "a", durationMs: 20 }, { name: "b", durationMs: 30 }] };
    expect(await start).toEqual(report);
    expect(heard).toEqual([report]);
  });
});
