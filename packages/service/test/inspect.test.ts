import { Breaker } from "@breakwater/breaker";
import { ManualClock } from "@breakwater/core/testing";
import { Pool } from "@breakwater/pool";
import { createService, operation } from "@breakwater/service";
import { describe, expect, it } from "vitest";
import { plain } from "../src/view/plain.ts";

const viaJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("the view of a service", () => {
  it("is one plain object with the state of everything in it", async () => {
    const clock = new ManualClock();
    const prices = new Breaker({ name: "prices", clock });
    const database = new Pool({ name: "db", create: () => 1, max: 2, clock });
    const cache = { stats: { hits: 3, ratio: Number.NaN } };
    const service = createService({
      name: "shop",
      clock,
      resources: [{ name: "database", start: () => clock.jump(5) }],
      shedding: { load: () => 0.2 },
      patterns: { prices, database, cache },
    }).operations({
      browse: operation({ limiter: { limit: 5 } }, async () => "a list"),
      pay: operation(async () => Promise.reject(new Error("down"))),
    });
    await service.start();
    await service.call("browse", 1);
    await service.call("pay", 1).catch(() => undefined);
    clock.advance(100);
    const view = service.inspect();
    expect(viaJson(view), "nothing is lost in JSON").toEqual(view);
    expect(view).toMatchObject({
      name: "shop",
      state: "running",
      uptimeMs: 100,
      health: { status: "UNKNOWN", contributions: { prices: { status: "HEALTHY", critical: false }, database: { status: "HEALTHY" } } },
      requests: { succeeded: 1, failed: 1, neutral: 0, refused: 0, shed: 0, inFlight: 0, waiting: 0 },
      limiter: { limit: "Infinity", inUse: 0 },
      shedding: { load: 0.2, admitted: 2, shed: 0 },
      operations: {
        browse: { succeeded: 1, inFlight: 0, limiter: { limit: 5 }, responseTimes: { service: { count: 1, p99: 0 } } },
        pay: { failed: 1 },
      },
      resources: [{ name: "database", state: "started", dependsOn: [], startMs: 5, error: null }],
      patterns: { prices: { stats: { state: "closed" }, health: { status: "HEALTHY" } }, cache: { stats: { hits: 3, ratio: null } } },
    });
    expect(Object.keys(view.health.contributions)).toEqual(["lifecycle", "prices", "database"]);
    await database.close();
    await service.stop();
    expect(service.inspect()).toMatchObject({ state: "stopped", uptimeMs: 0, health: { status: "DRAINING" }, resources: [{ state: "stopped" }] });
  });

  it("of a service with one operation has its response times, and can be taken before the start", async () => {
    const clock = new ManualClock();
    const service = createService({ clock }).handle(async () => 1);
    expect(service.inspect()).toMatchObject({ state: "new", uptimeMs: 0, responseTimes: { service: { count: 0, mean: null } }, resources: [] });
    expect(service.inspect()).not.toHaveProperty("operations");
    expect(service.inspect()).not.toHaveProperty("shedding");
  });

  it("says of a resource that failed why", async () => {
    const failure = Object.assign(new Error("connection refused"), { code: "ECONNREFUSED" });
    const service = createService({ resources: [{ name: "db", start: () => Promise.reject(failure) }, { name: "api" }] }).handle(async () => 1);
    await service.start().catch(() => undefined);
    expect(service.inspect().resources).toEqual([
      { name: "db", state: "failed", dependsOn: [], startMs: null, error: { name: "Error", message: "connection refused", code: "ECONNREFUSED" } },
      { name: "api", state: "new", dependsOn: ["db"], startMs: null, error: null },
    ]);
  });

  it("survives a pattern that cannot be read", () => {
    const broken = { get stats(): object { throw new Error("out of order"); } };
    const service = createService({ patterns: { broken } }).handle(async () => 1);
    expect(service.inspect().patterns).toEqual({ broken: { stats: { error: { name: "Error", message: "out of order" } } } });
  });
});

describe("patterns", () => {
  it("weigh what health.contributions says of their name, and else only degrade", () => {
    const down = { stats: {}, health: { status: "UNHEALTHY", reason: "down" } } as const;
    const optional = createService({ patterns: { prices: down } }).handle(async () => 1);
    expect(optional.health.report.contributions.prices).toMatchObject({ critical: false });
    const critical = createService({ patterns: { prices: down }, health: { contributions: { prices: { from: down, critical: true } } } });
    expect(critical.handle(async () => 1).health.status).toBe("UNHEALTHY");
  });

  it.each([
    [3, "patterns must be an object, got number"],
    [{ prices: 3 }, "patterns.prices must have stats, got number"],
    [{ prices: {} }, "patterns.prices must have stats, got object"],
  ])("that are none are refused by name: %#", (patterns, message) => {
    expect(() => createService({ patterns: patterns as never })).toThrow(new TypeError(message));
  });
});

describe("plain data", () => {
  it("is made of anything, and never throws", () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const deep = Array.from({ length: 20 }).reduce<unknown>((inner) => ({ inner }), 1);
    expect(plain([1, Infinity, -Infinity, NaN, 2n, undefined, null, "a", true, Symbol("s"), plain])).toEqual(
      [1, "Infinity", "-Infinity", null, "2", null, null, "a", true, "[symbol]", "[function]"]);
    expect(plain({ gone: undefined, map: new Map([[1, { a: 1 }]]), set: new Set([1]), date: new Date(0) })).toEqual(
      { map: { 1: { a: 1 } }, set: [1], date: "1970-01-01T00:00:00.000Z" });
    expect(plain(circle)).toEqual({ self: "[circular]" });
    expect(JSON.stringify(plain(deep))).toContain("[too deep]");
    expect(plain({ get bad() { throw new Error("no"); } })).toBe("[unreadable: no]");
    expect(plain(new Date(Number.NaN))).toBeNull();
    expect(plain(Object.assign(new Error(), { name: 2n, message: circle }))).toEqual({ name: "2", message: "[object Object]" });
  });
});
