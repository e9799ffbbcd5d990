import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { descriptionOf, isRejected, outcomeOfError, RejectedError, type Call, type Guard, type Meter, type Provider, type Service } from "@breakwater/core";
import { ManualClock, settled } from "@breakwater/core/testing";
import {
  authentication,
  coalescing,
  CoalescingExpiredError,
  CoalescingTimeoutError,
  pipeline,
  stack,
  staticTokens,
  type CoalescingLayer,
} from "@breakwater/middleware";
import { describe, expect, expectTypeOf, it, vi } from "vitest";

const fate = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);
const byInput = { key: (input: string) => input };

interface Execution {
  readonly input: string;
  readonly call: Call;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A service whose work ends when the test says so. */
function held(): { service: Service<string, unknown>; executions: Execution[] } {
  const executions: Execution[] = [];
  const service = (input: string, call: Call): Promise<unknown> =>
    new Promise((resolve, reject) => void executions.push({ input, call, resolve, reject }));
  return { service, executions };
}

describe("coalescing", () => {
  it("gives calls with the same key that are under way one execution, and its very answer", async () => {
    const { service, executions } = held();
    const layer = coalescing(byInput);
    const shared = layer(service);
    const answers = [shared("a", {}), shared("a", {}), shared("b", {}), shared("a", {})];
    expect(executions.map(({ input }) => input)).toEqual(["a", "b"]);
    expect(layer.stats).toEqual({ executed: 2, shared: 2, inFlight: 2 });
    const answer = {};
    executions[0]?.resolve(answer);
    executions[1]?.resolve("b");
    const seen = await Promise.all(answers);
    expect(seen).toEqual([answer, answer, "b", answer]);
    expect(seen[0] === answer && seen[1] === answer && seen[3] === answer).toBe(true);
    expect(layer.stats.inFlight).toBe(0);
  });

  it("keeps nothing once it has settled, neither answers nor errors", async () => {
    const { service, executions } = held();
    const shared = coalescing(byInput)(service);
    const error = new Error("503");
    const first = [fate(shared("a", {})), fate(shared("a", {}))];
    executions[0]?.reject(error);
    expect(await Promise.all(first)).toEqual([error, error]);
    expect((await first[0]) === error).toBe(true);
    const second = shared("a", {});
    executions[1]?.resolve("fresh");
    expect(await second).toBe("fresh");
  });

  it("can be asked anew from the very turn in which it settles", async () => {
    const { service, executions } = held();
    const shared = coalescing(byInput)(service);
    const again = shared("a", {}).then(() => shared("a", {}));
    executions[0]?.resolve("first");
    await settled();
    expect(executions).toHaveLength(2);
    executions[1]?.resolve("second");
    expect(await again).toBe("second");
  });

  it("stores no refusal that comes at once, thrown or rejected", async () => {
    const refusal = new RejectedError("ERR_FULL", "no room", { reason: "full" });
    let isFull = true;
    const throwing = coalescing(byInput)((input: string): Promise<string> => {
      if (isFull) throw refusal;
      return Promise.resolve(input);
    });
    const rejecting = coalescing(byInput)((input: string) => (isFull ? Promise.reject(refusal) : Promise.resolve(input)));
    const refused = [fate(throwing("a", {})), fate(rejecting("a", {}))];
    isFull = false;
    expect(await throwing("a", {})).toBe("a"); // in the same turn: what was thrown is over
    expect(await Promise.all(refused)).toEqual([refusal, refusal]);
    expect(await rejecting("a", {})).toBe("a");
  });

  it("lets each waiter leave alone, at once and with its own reason, while the work goes on for the others", async () => {
    const { service, executions } = held();
    const shared = coalescing(byInput)(service);
    const controllers = [new AbortController(), new AbortController()];
    const [first, second] = controllers.map(({ signal }) => fate(shared("a", { signal })));
    controllers[0]?.abort("the first has gone");
    expect(await first).toBe("the first has gone");
    expect(executions[0]?.call.signal?.aborted).toBe(false);
    executions[0]?.resolve("answer");
    expect(await second).toBe("answer");
    expect(executions[0]?.call.signal?.aborted).toBe(false);
  });

  it("aborts the work when the last waiter has left, with that one's reason, and the next caller begins anew", async () => {
    const { service, executions } = held();
    const layer = coalescing(byInput);
    const shared = layer(service);
    const controllers = [new AbortController(), new AbortController()];
    const left = controllers.map(({ signal }) => fate(shared("a", { signal })));
    let next: Promise<unknown> | undefined;
    executions[0]?.call.signal?.addEventListener("abort", () => void (next = shared("a", {}))); // in the turn of the abort
    controllers[1]?.abort("second");
    controllers[0]?.abort("first");
    expect(await Promise.all(left)).toEqual(["first", "second"]);
    expect(executions[0]?.call.signal?.reason).toBe("first");
    expect(executions).toHaveLength(2);
    executions[0]?.reject(new Error("stopped, which nobody hears"));
    await settled();
    expect(layer.stats.inFlight).toBe(1);
    executions[1]?.resolve("anew");
    expect(await next).toBe("anew");
  });

  it("ends all waiters of one signal with one listener, and leaves none behind", async () => {
    const { service, executions } = held();
    const shared = coalescing(byInput)(service);
    const controller = new AbortController();
    const { signal } = controller;
    const served = [shared("a", { signal }), shared("a", { signal })];
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    executions[0]?.resolve("answer");
    await Promise.all(served);
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    const left = [fate(shared("a", { signal })), fate(shared("a", { signal }))];
    controller.abort("gone");
    expect(await Promise.all(left)).toEqual(["gone", "gone"]);
    expect(executions[1]?.call.signal?.reason).toBe("gone");
    expect(await fate(shared("a", { signal }))).toBe("gone");
    expect(executions).toHaveLength(2);
  });

  it("ends a waiter at its own deadline; the work of which everybody's has passed is aborted", async () => {
    const clock = new ManualClock();
    const { service, executions } = held();
    const shared = coalescing({ ...byInput, clock, name: "prices" })(service);
    const first = fate(shared("a", { deadlineAt: 10 }));
    const second = fate(shared("a", { deadlineAt: 30 }));
    expect(executions[0]?.call.signal).toBeInstanceOf(AbortSignal);
    expect(executions[0]?.call.deadlineAt).toBe(undefined);
    await clock.advanceAsync(10);
    expect(await first).toBeInstanceOf(CoalescingTimeoutError);
    expect(executions[0]?.call.signal?.aborted).toBe(false);
    await clock.advanceAsync(20);
    const error = await second;
    expect(error).toMatchObject({ code: "ERR_COALESCING_TIMEOUT", reason: "deadline", source: "prices", name: "CoalescingTimeoutError" });
    expect(isRejected(error)).toBe(false);
    expect(outcomeOfError(error)).toBe("failure");
    expect(executions[0]?.call.signal?.reason).toBe(error);
    expect(clock.pendingTimers).toBe(0);
    expect(await fate(shared("a", { deadlineAt: 30 }))).toBeInstanceOf(CoalescingExpiredError);
    expect(executions).toHaveLength(1);
  });

  it("has one timer for all that wait, and none when nobody does", async () => {
    const clock = new ManualClock();
    const { service, executions } = held();
    const shared = coalescing({ ...byInput, clock })(service);
    const answers = ["a", "b", "a"].map((input) => shared(input, { deadlineAt: 100 }));
    expect(clock.pendingRefTimers).toBe(1);
    for (const { resolve, input } of executions) resolve(input);
    expect(await Promise.all(answers)).toEqual(["a", "b", "a"]);
    expect(clock.pendingTimers).toBe(0);
    const endless = shared("c", { deadlineAt: Infinity });
    expect(clock.pendingTimers).toBe(0);
    executions[2]?.resolve("c");
    await endless;
  });

  it("hands the first caller's call inward, its priority too, and as it is where that caller cannot leave", async () => {
    const { service, executions } = held();
    const shared = coalescing(byInput)(service);
    const plain = { priority: 2, tenant: "acme" };
    const [one, two] = [shared("a", plain), fate(shared("a", { signal: AbortSignal.timeout(100_000), priority: 0 }))];
    expect(executions[0]?.call).toBe(plain);
    const { signal } = new AbortController();
    const three = shared("b", { ...plain, signal });
    expect(executions[1]?.call).toMatchObject(plain);
    expect(executions[1]?.call.signal).not.toBe(signal);
    for (const { resolve } of executions) resolve("answer");
    expect(await Promise.all([one, two, three])).toEqual(["answer", "answer", "answer"]);
  });

  it("survives work that makes its own first caller leave", async () => {
    const controller = new AbortController();
    let inner: AbortSignal | undefined;
    const shared = coalescing(byInput)((_input: string, { signal }: Call) => {
      inner = signal;
      controller.abort("by the work");
      return Promise.reject(new Error("late"));
    });
    expect(await fate(shared("a", { signal: controller.signal }))).toBe("by the work");
    expect(inner?.reason).toBe("by the work");
    expect(await fate(shared("a", {}))).toEqual(new Error("late"));
  });

  it("does not share calls without a key, nor between two services", async () => {
    const { service, executions } = held();
    const layer = coalescing({ key: (input: string) => (input === "" ? undefined : input) });
    const [one, two] = [layer(service), layer(service)];
    const call = {};
    const answers = [one("", call), one("", call), one("a", call), two("a", call)];
    expect(executions).toHaveLength(4);
    expect(executions[0]?.call).toBe(call);
    for (const { resolve } of executions) resolve("answer");
    await Promise.all(answers);
  });

  it("takes any text as a key, also names of what objects inherit", async () => {
    const { service, executions } = held();
    const shared = coalescing(byInput)(service);
    const answers = ["__proto__", "constructor", "", "__proto__"].map((input) => shared(input, {}));
    expect(executions.map(({ input }) => input)).toEqual(["__proto__", "constructor", ""]);
    for (const { resolve, input } of executions) resolve(input);
    expect(await Promise.all(answers)).toEqual(["__proto__", "constructor", "", "__proto__"]);
  });

  it("rejects with what the key function throws, or when it answers no text", async () => {
    const broken = new Error("broken");
    const throwing = coalescing({ key: () => { throw broken; } })(held().service); // prettier-ignore
    expect(await fate(throwing("a", {}))).toBe(broken);
    const odd = coalescing({ key: (async () => "a") as never })(held().service);
    expect(await fate(odd("a", {}))).toEqual(new TypeError("key must answer a string or undefined, got object"));
  });

  it("gives each waiter its own async context back", async () => {
    const { service, executions } = held();
    const shared = coalescing(byInput)(service);
    const context = new AsyncLocalStorage<string>();
    const seen = ["ann", "bob"].map((user) => context.run(user, async () => [await shared("a", {}), context.getStore()]));
    executions[0]?.resolve("answer");
    expect(await Promise.all(seen)).toEqual([["answer", "ann"], ["answer", "bob"]]);
  });

  it("must stand inside authentication, so that no answer goes to who may not have it", async () => {
    const layer = coalescing({ ...byInput, name: "prices" });
    expect(descriptionOf(layer)).toEqual({ kind: "coalescing", name: "prices", inside: ["authentication"] });
    const known = authentication({ credentials: (input: string) => input, verify: staticTokens({ a: "Ann" }) });
    expect(() => stack(layer, known)).toThrow("coalescing prices must stand inside authentication");
    expect(await stack(known, layer)(async (input: string) => input)("a", {})).toBe("a");
  });

  it("counts on a meter, reads its options once, and refuses wrong ones", async () => {
    const counted: unknown[] = [];
    const counter: Meter["counter"] = (name, { attributes } = {}) => ({ add: (amount) => counted.push([name, attributes, amount]) });
    const meter: Meter = { counter, histogram: () => ({ record: () => undefined }), gauge: () => () => undefined };
    const options = { ...byInput, meter };
    const shared = coalescing(options)(async (input: string) => input) as (input: string) => Promise<string>;
    options.key = vi.fn();
    expect(await Promise.all([shared("a"), shared("a")])).toEqual(["a", "a"]);
    expect(counted).toEqual([
      ["breakwater.coalescing.calls", { outcome: "executed" }, 1],
      ["breakwater.coalescing.calls", { outcome: "shared" }, 1],
    ]);
    expect(() => coalescing({} as never)).toThrow("key must be a function, got undefined");
  });

  it("fits where input and call are such as the key reads", () => {
    interface WithUser extends Call {
      readonly user: string;
    }
    const anything = coalescing({ key: () => "one for all" });
    expectTypeOf(anything).toEqualTypeOf<CoalescingLayer>();
    expectTypeOf(anything).toExtend<Guard>();
    const mine = coalescing({ key: (input: string, call: WithUser) => `${call.user} ${input}` });
    expectTypeOf(mine).not.toExtend<Guard>();
    expectTypeOf(mine).toExtend<Provider<object, WithUser, string>>();
    expectTypeOf(mine(async (input: string, call: WithUser) => call.user.length + input.length)).toEqualTypeOf<
      Service<string, number, WithUser>
    >();
    const known = authentication({ credentials: (input: string) => input, verify: (): string | undefined => "Ann" });
    const service = pipeline<string>().use(known).use(mine).handle(async (input, call) => call.user + input);
    expectTypeOf(service).toEqualTypeOf<Service<string, string>>();
    // @ts-expect-error: nobody provides the user
    pipeline<string>().use(mine);
    // @ts-expect-error: numbers are not what the key reads
    mine(async (input: number) => input);
  });
});
