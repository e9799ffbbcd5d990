import { widen, type Call, type Guard, type Layer, type Overwrite, type Provider, type Service, type Work } from "@breakwater/core";
import { describe, expect, expectTypeOf, it } from "vitest";

describe("the vocabulary's types", () => {
  it("a function that hands on is a guard, and fits round any service", () => {
    const guard: Guard = (next) => (input, call) => next(input, call);
    const length = async (text: string): Promise<number> => text.length;
    expectTypeOf(guard(length)).toEqualTypeOf<Service<string, number>>();
  });

  it("a guard is a layer round each service", () => {
    expectTypeOf<Guard>().toExtend<Layer<Service<string, number>>>();
  });

  it("a provider shows its additions to what is inside, and not to what is outside", () => {
    const user: Provider<{ readonly user: string }> = (next) => (input, call) => next(input, widen(call, { user: "Ann" }));
    const service = user(async (_input: number, call: Overwrite<Call, { readonly user: string }>) => call.user);
    expectTypeOf(service).toEqualTypeOf<Service<number, string>>();
    // @ts-expect-error: a provider that needs a user does not fit where none is provided
    const wrong: Provider<{ readonly x: 1 }> = {} as Provider<{ readonly x: 1 }, Call & { readonly user: string }>;
    expect(wrong).toBeDefined();
  });

  it("work answers at once or with a promise", () => {
    expectTypeOf<() => number>().toExtend<Work<number>>();
    expectTypeOf<(call: Call) => Promise<number>>().toExtend<Work<number>>();
  });
});

describe("widening a call", () => {
  it("copies, adds and replaces, and leaves the old one as it was", () => {
    const call = Object.freeze({ priority: 2, tenant: "a" });
    const wide = widen(call, { tenant: 7, user: "Ann" });
    expect(wide).toEqual({ priority: 2, tenant: 7, user: "Ann" });
    expect(call).toEqual({ priority: 2, tenant: "a" });
    expectTypeOf(wide.tenant).toEqualTypeOf<number>();
  });
});
