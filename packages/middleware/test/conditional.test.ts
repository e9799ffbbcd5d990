import type { Call, Guard, Service } from "@breakwater/core";
import { perOperation, pipeline, stack, when } from "@breakwater/middleware";
import { describe, expect, expectTypeOf, it } from "vitest";

const tagging =
  (tag: string, log: string[]): Guard =>
  (next) =>
  (input, call) => {
    log.push(tag);
    return next(input, call);
  };

interface Order {
  readonly operation: string;
}

it("a call may be left out by JavaScript, for the questions too", async () => {
  const seen: unknown[] = [];
  const asking = when((_input: unknown, call) => seen.push(call) > 0, perOperation((_input: unknown, call) => String(seen.push(call)), {}));
  const service = asking(async (_input: unknown, call: Call) => seen.push(call)) as (input: number) => Promise<number>;
  await service(1);
  expect(seen).toEqual([{}, {}, {}]);
});

it("a guard for several operations is one, and built once", async () => {
  let built = 0;
  const guard: Guard = (next) => {
    built += 1;
    return next;
  };
  await perOperation(String, { read: guard, write: guard }, guard)(async () => 1)("read", {});
  expect(built).toBe(1);
});

describe("when", () => {
  it("sends those to which it applies through the guard, and the others straight on", async () => {
    const log: string[] = [];
    const service = stack(when((order: Order) => order.operation === "write", tagging("audit", log)))(async ({ operation }: Order) => log.push(operation));
    await service({ operation: "read" }, {});
    await service({ operation: "write" }, {});
    expect(log).toEqual(["read", "audit", "write"]);
  });

  it("builds the guard once", () => {
    let built = 0;
    const guard: Guard = (next) => {
      built += 1;
      return next;
    };
    const service = when(() => true, guard)(async () => 1);
    void service(1, {});
    void service(1, {});
    expect(built).toBe(1);
  });

  it("adds no promise of its own", () => {
    const promise = Promise.resolve(1);
    const service = when((input) => input === 1, tagging("a", []))(() => promise);
    expect([service(1, {}), service(2, {})]).toEqual([promise, promise]);
    expect(service(2, {})).toBe(promise);
  });

  it("turns a question that throws into a rejection", async () => {
    const fault = new Error("fault");
    const service = when(() => {
      throw fault;
    }, tagging("a", []))(async () => 1);
    await expect(service(1, {})).rejects.toBe(fault);
  });

  it("names what is no function", () => {
    expect(() => when(1 as never, (next) => next)).toThrow(new TypeError("applies must be a function, got number"));
    expect(() => when(() => true, undefined as never)).toThrow(new TypeError("guard must be a function, got undefined"));
  });
});

describe("per operation", () => {
  const build = (log: string[], otherwise?: Guard): Service<Order, number> =>
    pipeline<Order>()
      .use(perOperation((order) => order.operation, { read: tagging("cache", log), write: stack(tagging("limit", log), tagging("audit", log)) }, otherwise))
      .handle(async ({ operation }) => log.push(operation));

  it("each goes through its own guards", async () => {
    const log: string[] = [];
    const service = build(log);
    for (const operation of ["read", "write", "ping"]) await service({ operation }, {});
    expect(log).toEqual(["cache", "read", "limit", "audit", "write", "ping"]);
  });

  it("one without a name of its own goes through what is for the others", async () => {
    const log: string[] = [];
    await build(log, tagging("other", log))({ operation: "ping" }, {});
    expect(log).toEqual(["other", "ping"]);
  });

  it("a name that every object has is no operation", async () => {
    const log: string[] = [];
    for (const operation of ["__proto__", "constructor", "toString"]) await build(log)({ operation }, {});
    expect(log).toEqual(["__proto__", "constructor", "toString"]);
  });

  it("keeps its guards, whatever becomes of the object that they were given in", async () => {
    const log: string[] = [];
    const guards: Record<string, Guard> = { read: tagging("cache", log) };
    const layer = perOperation((order: Order) => order.operation, guards);
    delete guards.read;
    await layer(async () => 1)({ operation: "read" }, {});
    expect(log).toEqual(["cache"]);
  });

  it("names the guard that is none", () => {
    expect(() => perOperation(String, { read: 3 as never })).toThrow(new TypeError("guards.read must be a function, got number"));
  });

  it("knows input and call, and adds nothing to it", () => {
    pipeline<Order>()
      .use(when((order, call) => order.operation === "read" && call.priority === 0, (next) => next))
      .use(when(() => true, (next) => next))
      .handle(async (order, call) => {
        expectTypeOf(order).toEqualTypeOf<Order>();
        expectTypeOf(call).toEqualTypeOf<Call>();
        return 0;
      });
    // @ts-expect-error: an order has no method
    pipeline<Order>().use(when((order: { readonly method: string }) => order.method === "GET", (next) => next));
  });
});
