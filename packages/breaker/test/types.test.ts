import type { Call, Guard, GuardFor, Outcome, Service } from "@breakwater/core";
import { Breaker, BreakerOpenError, KeyedBreaker, consecutiveFailures, type BreakerPermit, type BreakerState, type Trip } from "@breakwater/breaker";
import { expect, expectTypeOf, it } from "vitest";

it("the layer is a Guard, and keeps the types of what it is put round", async () => {
  const breaker = new Breaker();
  expectTypeOf(breaker.layer).toEqualTypeOf<Guard>();
  const guarded = breaker.layer(async (id: number, call: Call & { readonly user: string }) => `${call.user} ${id}`);
  expectTypeOf(guarded).toEqualTypeOf<Service<number, string, Call & { readonly user: string }>>();
  await expect(guarded(1, { user: "ada" })).resolves.toBe("ada 1");
});

it("run promises what the work answers, plain or promised", () => {
  const breaker = new Breaker();
  expectTypeOf(breaker.run(() => 1)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(breaker.run(async () => "text")).toEqualTypeOf<Promise<string>>();
});

it("permit, state, error and events say what they hold", () => {
  const breaker = new Breaker({ trip: consecutiveFailures() satisfies Trip });
  expectTypeOf(breaker.tryAcquire()).toEqualTypeOf<BreakerPermit | undefined>();
  expectTypeOf(breaker.state).toEqualTypeOf<"closed" | "open" | "half-open" | "isolated" | "disabled">();
  expectTypeOf(breaker.state).toEqualTypeOf<BreakerState>();
  expectTypeOf(breaker.retryAfterMs).toEqualTypeOf<number | undefined>();
  expectTypeOf<BreakerOpenError["code"]>().toEqualTypeOf<"ERR_BREAKER_OPEN">();
  expectTypeOf<BreakerOpenError["reason"]>().toEqualTypeOf<"open" | "half-open" | "ramp" | "isolated">();
  breaker.on("opened", ({ cause }) => expectTypeOf(cause).toBeUnknown());
  breaker.on("rejected", ({ error }) => expectTypeOf(error).toEqualTypeOf<BreakerOpenError>());
  // @ts-expect-error no such event
  breaker.on("open", () => undefined);
});

it("classify tells values from errors, and answers an outcome or undefined", () => {
  new Breaker({
    classify: (result, call) => {
      expectTypeOf(call).toEqualTypeOf<Call>();
      if (result.status === "rejected") return undefined;
      expectTypeOf(result.value).toBeUnknown();
      return "success" satisfies Outcome;
    },
  });
  // @ts-expect-error no such outcome
  new Breaker({ classify: () => "fine" });
});

it("the layer of a keyed one is a guard for what keyOf reads, and for services that answer what is looked at", () => {
  const layer = new KeyedBreaker<number>().layer((url: URL) => url.origin);
  expectTypeOf(layer).toEqualTypeOf<GuardFor<URL, Call, number>>();
  expectTypeOf(layer(async (_url: URL, call: Call & { readonly id: number }) => call.id)).toEqualTypeOf<Service<URL, number, Call & { readonly id: number }>>();
  // @ts-expect-error: a text cannot be looked at
  layer(async (url: URL) => url.host);
});
