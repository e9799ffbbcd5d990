import type { Call, Guard, Service } from "@breakwater/core";
import { Health, type HealthChange, type HealthReport, type HealthStatus } from "@breakwater/health";
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
  expectTypeOf(health.status).toEqualTypeOf<"HEALTHY" | "DEGRADED" | "UNHEALTHY" | "UNKNOWN">();
  expectTypeOf(health.status).toEqualTypeOf<HealthStatus>();
  expectTypeOf(health.check()).toEqualTypeOf<Promise<HealthReport>>();
  health.on("changed", (change) => expectTypeOf(change).toEqualTypeOf<HealthChange>());
  // @ts-expect-error no such event
  health.on("change", () => undefined);
  // @ts-expect-error no such outcome
  expect(() => health.record("fine")).not.toThrow();
});
