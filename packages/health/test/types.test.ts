import type { Call, Guard, Service } from "@breakwater/core";
import {
  Health,
  strictThresholds,
  type Contribution,
  type HealthChange,
  type HealthJson,
  type HealthOptions,
  type HealthReport,
  type HealthStatus,
  type ProbeAnswer,
} from "@breakwater/health";
import { expect, expectTypeOf, it } from "vitest";

it("the layer is a Guard, and keeps the types of what it is put round", async () => {
  const health = new Health();
  expectTypeOf(health.layer).toEqualTypeOf<Guard>();
  const guarded = health.layer(async (id: number, call: Call & { readonly user: string }) => `${call.user} ${id}`);
  expectTypeOf(guarded).toEqualTypeOf<Service<number, string, Call & { readonly user: string }>>();
  await expect(guarded(1, { user: "ada" })).resolves.toBe("ada 1");
});

it("run promises what the work answers, plain or promised", () => {
  const health = new Health();
  expectTypeOf(health.run(() => 1)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(health.run(async () => "text")).toEqualTypeOf<Promise<string>>();
});

it("status, report and events say what they hold", () => {
  const health = new Health();
  expectTypeOf(health.status).toEqualTypeOf<"HEALTHY" | "DEGRADED" | "UNHEALTHY" | "UNKNOWN" | "DRAINING">();
  expectTypeOf(health.status).toEqualTypeOf<HealthStatus>();
  expectTypeOf(health.check()).toEqualTypeOf<Promise<HealthReport>>();
  health.on("changed", (change) => expectTypeOf(change).toEqualTypeOf<HealthChange>());
  // @ts-expect-error no such event
  health.on("change", () => undefined);
  // @ts-expect-error no such outcome
  expect(() => health.record("fine")).not.toThrow();
});

it("probes answer what an HTTP response needs", () => {
  const health = new Health();
  expectTypeOf(health.liveness()).toEqualTypeOf<ProbeAnswer>();
  expectTypeOf(health.readiness()).toEqualTypeOf<ProbeAnswer>();
  expectTypeOf(health.startup()).toEqualTypeOf<ProbeAnswer>();
  expectTypeOf<ProbeAnswer["status"]>().toEqualTypeOf<200 | 503>();
  expectTypeOf<HealthJson["status"]>().toEqualTypeOf<"pass" | "warn" | "fail">();
});

it("a contribution is anything that has `health`, or a function, plain or weighed", () => {
  const breaker: { readonly health: { readonly status: "HEALTHY" | "UNHEALTHY"; readonly reason: string } } = {
    health: { status: "HEALTHY", reason: "breaker is closed" },
  };
  const contributions: HealthOptions["contributions"] = {
    plain: breaker,
    read: () => breaker.health,
    weighed: { from: breaker, critical: true },
    weighedRead: { from: () => breaker.health },
    another: () => new Health().report,
  };
  expectTypeOf<HealthReport>().toExtend<Contribution>();
  expect(Object.keys(new Health({ contributions }).report.contributions)).toEqual(Object.keys(contributions));
  // @ts-expect-error a text is no contribution
  expect(new Health({ contributions: { orders: () => "HEALTHY" } }).report.contributions.orders?.status).toBe("UNKNOWN");
});

it("the preset is thresholds", () => {
  expectTypeOf(strictThresholds).toExtend<HealthOptions>();
  expect(Object.isFrozen(strictThresholds)).toBe(true);
});
