import type { Call, Guard, Service } from "@breakwater/core";
import { expect, expectTypeOf, it } from "vitest";
import { gcra, KeyedRateLimiter, RateLimiter, slidingLog, tokenBucket, union, type Decision, type Permit, type RateUnion, type Reservation } from "@breakwater/limiter";

const limiter = new RateLimiter({ algorithm: gcra({ limit: 10, perMs: 1000 }) });
const keyed = new KeyedRateLimiter({ algorithm: gcra({ limit: 10, perMs: 1000 }) });

it("the layer is a Guard, and keeps the types of what it is put round", () => {
  expectTypeOf(limiter.layer).toEqualTypeOf<Guard>();
  expectTypeOf(union(limiter, keyed.of(1)).layer).toEqualTypeOf<Guard>();
  const handler = async (id: number, call: Call & { readonly user: string }): Promise<string> => `${call.user} ${id}`;
  expectTypeOf(limiter.layer(handler)).toEqualTypeOf<Service<number, string, Call & { readonly user: string }>>();
  expectTypeOf(keyed.layer((id: number, call: Call & { readonly user: string }) => `${call.user} ${id}`)(handler)).toEqualTypeOf<
    Service<number, string, Call & { readonly user: string }>
  >();
});

it("what is asked at once is answered at once", () => {
  expectTypeOf(limiter.tryAcquire()).toEqualTypeOf<Permit | undefined>();
  expectTypeOf(limiter.take()).toEqualTypeOf<Decision>();
  expectTypeOf(keyed.check("a", 0)).toEqualTypeOf<Decision>();
  expectTypeOf(limiter.reserve()).toEqualTypeOf<Reservation | undefined>();
  expectTypeOf(union(limiter)).toEqualTypeOf<RateUnion>();
});

it("a call is enough to wait with, and run promises what the work answers", async () => {
  const call: Call = { deadlineAt: Infinity };
  expectTypeOf(limiter.acquire(call)).toEqualTypeOf<Promise<Permit>>();
  expectTypeOf(limiter.run(() => 1)).toEqualTypeOf<Promise<number>>();
  expect(await keyed.run("a", async () => "text", call)).toBe("text");
});

it("only what can book has reservations", () => {
  expect(new RateLimiter({ algorithm: tokenBucket({ refillPerSecond: 1, burst: 1 }) }).reserve()?.delayMs).toBe(0);
  // @ts-expect-error a log cannot
  expect(() => new RateLimiter({ algorithm: slidingLog({ limit: 1, windowMs: 1 }) }).reserve()).toThrow(TypeError);
});
