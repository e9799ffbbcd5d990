import type { Call, Guard, Service } from "@breakwater/core";
import { ManualClock } from "@breakwater/core/testing";
import {
  Hedge,
  hedge,
  HedgeLostError,
  latencyQuantile,
  LatencyQuantile,
  Retry,
  RetryBudget,
  type Budget,
  type HedgeEvents,
  type HedgeStats,
  type MeasuredDelay,
} from "@breakwater/retry";
import { expect, expectTypeOf, it } from "vitest";

const clock = new ManualClock();

it("the layer is a Guard, and keeps the types of what it is put round", async () => {
  const one = new Hedge({ delayMs: 1, clock });
  expectTypeOf(one.layer).toEqualTypeOf<Guard>();
  expectTypeOf(hedge({ delayMs: 1 })).toEqualTypeOf<Guard>();
  const guarded = one.layer(async (id: number, call: Call & { readonly user: string }) => `${call.user} ${id}`);
  expectTypeOf(guarded).toEqualTypeOf<Service<number, string, Call & { readonly user: string }>>();
  await expect(guarded(1, { user: "ada" })).resolves.toBe("ada 1");
});

it("run promises what the work answers, plain or promised", () => {
  const one = new Hedge({ delayMs: 1, clock });
  expectTypeOf(one.run(() => 1)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(one.run(async () => "text")).toEqualTypeOf<Promise<string>>();
});

it("a dispose for responses fits round what makes responses, and nothing else", () => {
  const one = new Hedge({ delayMs: 1, clock, dispose: async (response: Response) => response.body?.cancel() });
  expectTypeOf(one).toEqualTypeOf<Hedge<Response>>();
  expectTypeOf(one.run(() => new Response())).toEqualTypeOf<Promise<Response>>();
  one.layer(async () => new Response());
  // @ts-expect-error it could not dispose of a text
  void one.run(() => "text");
  // @ts-expect-error nor of what this service makes
  one.layer(async () => "text");
});

it("budgets and measured delays are known by what they do, so that those of another copy of the module, or one's own, fit", () => {
  const budget: Budget = { deposit: () => undefined, tryWithdraw: () => false };
  const delayMs: MeasuredDelay = { delayMs: () => 5, record: () => undefined };
  expect(new Hedge({ delayMs, budget, clock }).stats.delayMs).toBe(5);
  expect(new Retry({ budget, clock }).stats.calls).toBe(0);
});

it("options, events, stats and the reason say what they hold", () => {
  const one = new Hedge({ delayMs: latencyQuantile({ quantile: 0.99 }), budget: new RetryBudget({ clock }) satisfies Budget, clock });
  expectTypeOf(latencyQuantile()).toEqualTypeOf<LatencyQuantile>();
  expectTypeOf(one.stats).toEqualTypeOf<HedgeStats>();
  expectTypeOf(one.stats.delayMs).toEqualTypeOf<number | undefined>();
  expectTypeOf<HedgeEvents["hedged"]["reason"]>().toEqualTypeOf<"slow" | "failed">();
  expectTypeOf<HedgeLostError["code"]>().toEqualTypeOf<"ERR_HEDGE_LOST">();
  expectTypeOf<HedgeLostError["reason"]>().toEqualTypeOf<"won" | "failed">();
  one.on("failed", ({ error }) => expectTypeOf(error).toBeUnknown());
  // @ts-expect-error no such event
  one.on("hedge", () => undefined);
  // @ts-expect-error a delay is needed
  expect(() => new Hedge({})).toThrow(TypeError);
});
