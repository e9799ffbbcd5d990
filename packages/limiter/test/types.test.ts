import type { Call, Guard, GuardFor, Outcome, RejectedError, Service } from "@breakwater/core";
import {
  ConcurrencyLimiter,
  KeyedLimiter,
  KeyedRateLimiter,
  LimiterRejectedError,
  type LimiterRejectionReason,
  type LimiterStats,
  type Permit,
} from "@breakwater/limiter";
import { expect, expectTypeOf, it } from "vitest";

const limiter = new ConcurrencyLimiter({ limit: 10 });

it("the layer is a Guard, and keeps the types of what it is put round", async () => {
  expectTypeOf(limiter.layer).toEqualTypeOf<Guard>();
  const guarded = limiter.layer(async (id: number, call: Call & { readonly user: string }) => `${call.user} ${id}`);
  expectTypeOf(guarded).toEqualTypeOf<Service<number, string, Call & { readonly user: string }>>();
  await expect(guarded(1, { user: "ada" })).resolves.toBe("ada 1");
});

it("run promises what the work answers, plain or promised", () => {
  expectTypeOf(limiter.run(() => 1)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(limiter.run(async () => "text", {}, { weight: 2 })).toEqualTypeOf<Promise<string>>();
});

it("a call is enough to acquire with", () => {
  const call: Call = { deadlineAt: Infinity, priority: 1 };
  const acquired = limiter.acquire(call);
  expectTypeOf(acquired).toEqualTypeOf<Promise<Permit>>();
  expectTypeOf(limiter.tryAcquire({ weight: 2 })).toEqualTypeOf<Permit | undefined>();
  void acquired.then((permit) => permit.release());
});

it("permits, errors, stats and events say what they hold", () => {
  expectTypeOf<Permit["release"]>().toEqualTypeOf<(outcome?: Outcome) => void>();
  expectTypeOf<Permit>().toExtend<Disposable>();
  expectTypeOf<LimiterRejectedError>().toExtend<RejectedError>();
  expectTypeOf<LimiterRejectedError["code"]>().toEqualTypeOf<"ERR_LIMITER_REJECTED">();
  expectTypeOf<LimiterRejectedError["reason"]>().toEqualTypeOf<LimiterRejectionReason>();
  expectTypeOf(limiter.stats).toEqualTypeOf<LimiterStats>();
  limiter.on("rejected", (event) => {
    expectTypeOf(event).toEqualTypeOf<{ readonly reason: LimiterRejectionReason; readonly error: LimiterRejectedError }>();
  });
  // @ts-expect-error no such event
  limiter.on("full", () => undefined);
  // @ts-expect-error the limit is required
  expect(() => new ConcurrencyLimiter({})).toThrow(TypeError);
});

it("the layer of a keyed one is a guard for what keyOf reads, and keeps what else the service takes", () => {
  const keyOf = (input: { readonly host: string }, call: Call & { readonly user: string }): string => input.host + call.user;
  const concurrency = new KeyedLimiter({ limit: 1 }).layer(keyOf);
  expectTypeOf(concurrency).toEqualTypeOf<GuardFor<{ readonly host: string }, Call & { readonly user: string }>>();
  type Asked = Call & { readonly user: string; readonly id: number };
  const service = concurrency(async (input: { readonly host: string; readonly path: string }, call: Asked) => input.path.length + call.id);
  expectTypeOf(service).toEqualTypeOf<Service<{ readonly host: string; readonly path: string }, number, Asked>>();
  expectTypeOf<ReturnType<typeof KeyedRateLimiter.prototype.layer<string, Call>>>().toEqualTypeOf<GuardFor<string>>();
});
