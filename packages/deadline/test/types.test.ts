import type { Call, Guard, ResultGuard, Service } from "@breakwater/core";
import { Deadline, deadline, DeadlineExceededError, Timeout, timeout, TimeoutError } from "@breakwater/deadline";
import { expect, expectTypeOf, it } from "vitest";

interface Lease {
  release(): void;
}

it("the layers are Guards, and keep the types of what they are put round", async () => {
  expectTypeOf(timeout({ timeoutMs: 1_000 })).toEqualTypeOf<Guard>();
  expectTypeOf(deadline()).toEqualTypeOf<Guard>();
  expectTypeOf(new Timeout({ timeoutMs: 1_000 }).layer).toEqualTypeOf<Guard>();
  const guarded = timeout({ timeoutMs: 1_000 })(async (id: number, call: Call & { readonly user: string }) => `${call.user} ${id}`);
  expectTypeOf(guarded).toEqualTypeOf<Service<number, string, Call & { readonly user: string }>>();
  await expect(guarded(1, { user: "ada" })).resolves.toBe("ada 1");
});

it("run promises what the work answers, plain or promised", () => {
  const bounded = new Timeout({ timeoutMs: 1_000 });
  expectTypeOf(bounded.run(() => 1)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(new Deadline().run(async () => "text")).toEqualTypeOf<Promise<string>>();
});

it("with a dispose it takes only what that can dispose of", () => {
  const bounded = new Timeout({ timeoutMs: 1_000, dispose: (lease: Lease) => lease.release() });
  expectTypeOf(bounded).toEqualTypeOf<Timeout<Lease>>();
  expectTypeOf(bounded.layer).toEqualTypeOf<ResultGuard<Lease>>();
  const lease = { release: () => undefined, id: 7 };
  expectTypeOf(bounded.run(() => lease)).toEqualTypeOf<Promise<typeof lease>>();
  // @ts-expect-error a text is no lease
  void bounded.run(() => "text");
  bounded.on("lateResult", ({ value }) => expectTypeOf(value).toEqualTypeOf<Lease>());
});

it("errors and events say what they hold", () => {
  expectTypeOf<TimeoutError["code"]>().toEqualTypeOf<"ERR_TIMEOUT">();
  expectTypeOf<TimeoutError["reason"]>().toEqualTypeOf<"timeout" | "deadline">();
  expectTypeOf<DeadlineExceededError["code"]>().toEqualTypeOf<"ERR_DEADLINE_EXCEEDED">();
  expectTypeOf<DeadlineExceededError["reason"]>().toEqualTypeOf<"expired" | "too-short">();
  const bounded = new Timeout({ timeoutMs: 1_000 });
  bounded.on("timedOut", ({ error }) => expectTypeOf(error).toEqualTypeOf<TimeoutError>());
  new Deadline().on("rejected", ({ error }) => expectTypeOf(error).toEqualTypeOf<DeadlineExceededError>());
  // @ts-expect-error a timeout refuses nobody
  bounded.on("rejected", () => undefined);
});

it("timeoutMs is required of a timeout alone", () => {
  // @ts-expect-error it does not say how long
  expect(() => new Timeout({})).toThrow(TypeError);
  expect(new Deadline().timeoutMs).toBe(Infinity);
});
