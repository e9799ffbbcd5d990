import { RejectedError, type Call } from "@breakwater/core";
import { Breaker, BreakerOpenError, consecutiveFailures, type RunResult } from "@breakwater/breaker";
import { describe, expect, expectTypeOf, it } from "vitest";
import { acquire, errorOf, fail, makeBreaker, rejecting, throwing } from "./helpers.ts";

describe("runOr", () => {
  it("answers with the work's value, and with the fallback's where there is none, which is told why", async () => {
    const { breaker } = makeBreaker();
    const seen: unknown[] = [];
    const fallback = (error: unknown, call: Call): string => {
      seen.push([error, call]);
      return "old price";
    };
    const call = { priority: 1 };
    const down = new Error("down");
    expect(await breaker.runOr(() => "price", fallback)).toBe("price");
    expect(await breaker.runOr(rejecting(down), fallback, call)).toBe("old price");
    expect(await breaker.runOr(() => "price", async (error) => (seen.push(error), "older"))).toBe("older");
    expect(seen[0]).toEqual([down, call]);
    expect(seen[1]).toBeInstanceOf(BreakerOpenError);
    expect(seen[1]).toMatchObject({ cause: down, retryAfterMs: 100 });
    expectTypeOf(breaker.runOr(() => 1, () => "text")).toEqualTypeOf<Promise<number | string>>();
  });

  it("does not answer in the place of a caller who went away", async () => {
    const { breaker } = makeBreaker();
    const controller = new AbortController();
    controller.abort("gone");
    let asked = 0;
    expect(await errorOf(breaker.runOr(rejecting("gone"), () => (asked += 1), { signal: controller.signal }))).toBe("gone");
    expect(asked).toBe(0);
  });

  it("a fallback that fails keeps the first error as its cause, and its own identity (G2)", async () => {
    const { breaker } = makeBreaker({ trip: consecutiveFailures(Infinity) });
    const [first, second] = [new Error("down"), new Error("cache is empty")];
    expect(await errorOf(breaker.runOr(rejecting(first), throwing(second)))).toBe(second);
    expect(second.cause).toBe(first);
    expect(Object.keys(second)).toEqual([]);
    const own = new Error("own", { cause: "mine" });
    expect(await errorOf(breaker.runOr(rejecting(first), rejecting(own)))).toBe(own);
    expect(own.cause).toBe("mine");
    const frozen = Object.freeze(new Error("frozen"));
    for (const odd of [frozen, "text", undefined, first]) expect(await errorOf(breaker.runOr(rejecting(first), throwing(odd)))).toBe(odd);
    expect(first.cause).toBeUndefined();
  });

  it("makes no circle of causes when a fallback throws what led to the error that it was given", async () => {
    const { breaker } = makeBreaker();
    const root = new Error("root");
    await errorOf(breaker.run(rejecting(root)));
    const rethrown = breaker.runOr(() => 1, (error) => {
      throw (error as Error).cause as Error;
    });
    expect(await errorOf(rethrown)).toBe(root);
    expect(root.cause).toBeUndefined();
    const [one, other, third] = [new Error("one"), new Error("other"), new Error("third")];
    [one.cause, other.cause] = [other, one]; // a circle of somebody else's: nothing is added to it
    breaker.reset();
    expect(await errorOf(breaker.runOr(rejecting(one), throwing(third)))).toBe(third);
    expect(third.cause).toBeUndefined();
  });
});

describe("tryRun", () => {
  it("tells what happened and never rejects", async () => {
    const { breaker } = makeBreaker();
    expect(await breaker.tryRun(() => 7)).toEqual({ status: "succeeded", value: 7 });
    expect(await breaker.tryRun(throwing("at once"))).toEqual({ status: "failed", error: "at once" });
    expect(await breaker.tryRun(() => 7)).toEqual({ status: "refused", reason: "open", retryAfterMs: 100, cause: "at once" });
    expectTypeOf(breaker.tryRun(async () => "x")).toEqualTypeOf<Promise<RunResult<string>>>();
  });

  it("starts the work in the same turn, and hands on the call", async () => {
    const { breaker } = makeBreaker();
    const call = { priority: 2 };
    let seen: Call | undefined;
    const result = breaker.tryRun((own) => (seen = own), call);
    expect(seen).toBe(call);
    await result;
  });

  it("makes no error for a refusal unless somebody listens", async () => {
    const { breaker } = makeBreaker();
    fail(breaker);
    const limit = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit");
    let written = 0; // each refusal's error switches its stack off
    Object.defineProperty(Error, "stackTraceLimit", { configurable: true, get: () => 10, set: () => void (written += 1) });
    const made: unknown[] = [];
    await breaker.tryRun(() => 1);
    const without = written;
    breaker.on("rejected", ({ error }) => made.push(error));
    await breaker.tryRun(() => 1);
    Object.defineProperty(Error, "stackTraceLimit", limit ?? { value: 10, writable: true, configurable: true });
    expect([without, made.length, breaker.stats.rejections]).toEqual([0, 1, 2]);
  });

  it("counts an abort and a refusal from within as neutral, as run does", async () => {
    const { breaker } = makeBreaker();
    const refusal = new RejectedError("ERR_FULL", "full", { reason: "full" });
    expect(await breaker.tryRun(rejecting(refusal))).toEqual({ status: "failed", error: refusal });
    await breaker.tryRun(rejecting("x"), { signal: AbortSignal.abort() });
    expect(breaker.stats).toMatchObject({ neutrals: 2, failures: 0 });
  });
});

describe("wrap", () => {
  it("keeps parameters, this and result", async () => {
    const { breaker } = makeBreaker();
    class Client {
      readonly base = "/orders";
      readonly get = breaker.wrap(async function (this: Client, id: number, ...tags: string[]) {
        return `${this.base}/${id}?${tags.join("&")}`;
      });
    }
    expect(await new Client().get(7, "a", "b")).toBe("/orders/7?a&b");
    const plain = breaker.wrap((a: number, b?: string) => b ?? a);
    expectTypeOf(plain).parameters.toEqualTypeOf<[a: number, b?: string]>();
    expectTypeOf(plain(1)).toEqualTypeOf<Promise<string | number>>();
    expect(await plain(3)).toBe(3);
  });

  it("keeps type parameters", async () => {
    const { breaker } = makeBreaker();
    const first = breaker.wrap(async <T>(list: readonly T[]): Promise<T | undefined> => list[0]);
    expectTypeOf(first(["a"])).toEqualTypeOf<Promise<string | undefined>>();
    expectTypeOf(first([1])).toEqualTypeOf<Promise<number | undefined>>();
    expect(await first([5])).toBe(5);
  });

  it("learns and refuses as run does; what the function throws at once becomes a rejection", async () => {
    const { breaker } = makeBreaker();
    const broken = breaker.wrap(throwing("sync"));
    expect(await errorOf(broken())).toBe("sync");
    expect(await errorOf(broken())).toMatchObject({ code: "ERR_BREAKER_OPEN", cause: "sync" });
  });

  it("finds the call in the arguments, so that the caller's abort is neutral", async () => {
    const { breaker } = makeBreaker();
    const load = breaker.wrap(
      (_: string, signal: AbortSignal) => (signal.aborted ? Promise.reject(signal.reason) : Promise.resolve(1)),
      (_, signal) => ({ signal }),
    );
    expect(await errorOf(load("x", AbortSignal.abort("gone")))).toBe("gone");
    expect(breaker.stats).toMatchObject({ neutrals: 1, failures: 0 });
    const bad = breaker.wrap(() => 1, throwing("in callOf"));
    expect(await errorOf(bad())).toBe("in callOf");
    expect(breaker.stats).toMatchObject({ neutrals: 1, failures: 0, successes: 0 });
  });

  it("keeps parameters optional that callOf looks at", async () => {
    const { breaker } = makeBreaker();
    const optional = breaker.wrap(async (url: string, init?: { readonly signal?: AbortSignal }) => init ?? url, (_, init) => init);
    expectTypeOf(optional).parameters.toEqualTypeOf<[url: string, init?: { readonly signal?: AbortSignal }]>();
    expect(await optional("/orders")).toBe("/orders");
    const generic = breaker.wrap(async <T>(value: T, init?: Call) => ({ value, init }), (_, init) => init);
    expectTypeOf(generic("a" as const)).toEqualTypeOf<Promise<{ value: "a"; init: Call | undefined }>>();
    expect(await generic("a")).toEqual({ value: "a" });
  });
});

describe("a classify of one's own type", () => {
  it("makes the breaker take only work that it can judge", async () => {
    const breaker = new Breaker({
      classify: (result: PromiseSettledResult<{ status: number }>) =>
        result.status === "fulfilled" && result.value.status >= 500 ? "failure" : undefined,
    });
    expectTypeOf(breaker).toEqualTypeOf<Breaker<{ status: number }>>();
    const answer = await breaker.run(() => ({ status: 503, body: "busy" }));
    expectTypeOf(answer).toEqualTypeOf<{ status: number; body: string }>();
    expect(breaker.stats.failures).toBe(1);
    // @ts-expect-error no status to judge
    await breaker.run(() => "text");
    const guarded = breaker.layer(async (id: number) => ({ status: 200, id }));
    expectTypeOf(guarded(1, {})).toEqualTypeOf<Promise<{ status: number; id: number }>>();
    // @ts-expect-error the same for services
    breaker.layer(async () => 5);
    // @ts-expect-error and functions
    breaker.wrap(() => 5);
    acquire(breaker).success();
  });
});
