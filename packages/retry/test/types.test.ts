import type { Call, Guard, Service } from "@breakwater/core";
import { giveUpOf, Retry, retry, RetryBudget, type GiveUp, type GiveUpReason, type RetryContext } from "@breakwater/retry";
import { expect, expectTypeOf, it } from "vitest";

it("the layer is a Guard, and keeps the types of what it is put round", async () => {
  expectTypeOf(new Retry().layer).toEqualTypeOf<Guard>();
  expectTypeOf(retry()).toEqualTypeOf<Guard>();
  const service = retry()(async (id: number, call: Call & { readonly user: string }) => `${call.user} ${id}`);
  expectTypeOf(service).toEqualTypeOf<Service<number, string, Call & { readonly user: string }>>();
  await expect(service(1, { user: "ada" })).resolves.toBe("ada 1");
});

it("run promises what the work answers, plain or promised, and tells it the attempt", () => {
  const instance = new Retry();
  expectTypeOf(instance.run(() => 1)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(instance.run(async (call, attempt) => [call, attempt] as const)).toEqualTypeOf<Promise<readonly [Call, number]>>();
  const same = instance.wrap(async <T>(value: T) => value);
  expectTypeOf(same("text")).toEqualTypeOf<Promise<string>>();
});

it("with a retryResultIf it takes only work whose results that can judge", () => {
  const instance = new Retry({ retryResultIf: (response: Response) => response.status === 503 });
  expectTypeOf(instance.run(() => new Response())).toEqualTypeOf<Promise<Response>>();
  // @ts-expect-error a text has no status
  void instance.run(() => "text").catch(() => undefined);
});

it("predicates, events and marks say what they hold", () => {
  const instance = new Retry({
    retryIf: (error, context) => {
      expectTypeOf(error).toBeUnknown();
      expectTypeOf(context).toEqualTypeOf<RetryContext>();
      return context.giveUp === undefined ? undefined : "anyway";
    },
    budget: new RetryBudget(),
  });
  instance.on("retried", ({ error, delayMs }) => {
    expectTypeOf(error).toBeUnknown();
    expectTypeOf(delayMs).toBeNumber();
  });
  instance.on("gaveUp", ({ reason }) => expectTypeOf(reason).toEqualTypeOf<GiveUpReason>());
  // @ts-expect-error no such event
  instance.on("retry", () => undefined);
  expectTypeOf(giveUpOf(1)).toEqualTypeOf<GiveUp | undefined>();
  // @ts-expect-error a budget is an object, or false
  expect(() => new Retry({ budget: true })).toThrow(TypeError);
});
