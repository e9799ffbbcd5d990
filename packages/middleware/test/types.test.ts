import type { Call, Guard, Layer, Overwrite, Provider, Service } from "@breakwater/core";
import { authentication, logging, pipeline, requestId, stack, type Pipeline } from "@breakwater/middleware";
import { describe, expectTypeOf, it } from "vitest";

interface Order {
  readonly token?: string;
  readonly item: string;
}
interface User {
  readonly name: string;
}

const guard: Guard = (next) => next;
const provide =
  <Adds extends object>(adds: Adds): Provider<Adds> =>
  (next) =>
  (input, call) =>
    next(input, { ...call, ...adds });
const auth = authentication({
  credentials: (order: Order) => order.token,
  verify: (token): User | undefined => (token === "x" ? { name: "Ann" } : undefined),
});
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe("types of a stack", () => {
  it("of guards is a guard, and fits round anything", () => {
    expectTypeOf(stack(guard, guard, guard)).toEqualTypeOf<Guard>();
    const length = async (text: string, call: Call): Promise<number> => (call.signal ? 0 : text.length);
    expectTypeOf(stack(guard, guard)(length)).toEqualTypeOf<Service<string, number>>();
  });

  it("of layers goes from the innermost in to the outermost out", () => {
    const parse: Layer<Service<number, string>, Service<string, string>> = (next) => (text, call) => next(Number(text), call);
    const wrap: Layer<Service<string, string>, Service<string, string[]>> = (next) => async (text, call) => [await next(text, call)];
    expectTypeOf(stack(wrap, parse)).toEqualTypeOf<Layer<Service<number, string>, Service<string, string[]>>>();
    // @ts-expect-error: parse answers text, and wrap would be given numbers
    stack(parse, wrap);
  });
});

describe("types of a pipeline", () => {
  it("accumulate what the middlewares provide", () => {
    const service = pipeline<Order>()
      .use(requestId())
      .use(logging({ logger }))
      .use(authentication({ credentials: (order) => order.token, verify: (): User => ({ name: "Ann" }) }))
      .use(guard)
      .handle(async (order, call) => {
        expectTypeOf(order).toEqualTypeOf<Order>();
        expectTypeOf(call.user).toEqualTypeOf<User>();
        expectTypeOf(call.requestId).toEqualTypeOf<string>();
        expectTypeOf(call.signal).toEqualTypeOf<AbortSignal | undefined>();
        return order.item.length;
      });
    expectTypeOf(service).toEqualTypeOf<Service<Order, number>>();
  });

  it("refuse a handler that asks for what no middleware provides", () => {
    // @ts-expect-error: nothing provides user
    pipeline<Order>().handle(async (_order, call) => call.user as unknown);
    // @ts-expect-error: nothing provides user
    pipeline<Order>().handle(async (_order, call: Call & { user: User }) => call.user.name);
  });

  it("replace, not intersect, what was there under the same name", () => {
    pipeline<Order>()
      .use(provide({ tenant: "text" }))
      .use(provide({ tenant: 7 }))
      .handle(async (_order, call) => {
        expectTypeOf(call.tenant).toEqualTypeOf<number>();
        return 0;
      });
  });

  it("refuse a middleware whose needs nothing outside it provides", () => {
    const audit: Provider<{ readonly audited: true }, Call & { readonly user: User }> = (next) => (input, call) =>
      next(input, { ...call, audited: true });
    pipeline<Order>()
      .use(auth)
      .use(audit)
      .handle(async (_order, call) => {
        expectTypeOf(call.audited).toEqualTypeOf<true>();
        expectTypeOf(call.user).toEqualTypeOf<User>();
        return 0;
      });
    // @ts-expect-error: user comes from nowhere
    pipeline<Order>().use(audit);
  });

  it("refuse a middleware that reads what the request does not have", () => {
    // @ts-expect-error: a number has no token
    pipeline<number>().use(auth);
  });

  it("let a half-built pipeline be continued in several ways", () => {
    const base = pipeline<Order>().use(requestId());
    const open = base.use(guard);
    const closed = base.use(auth);
    open.handle(async (_order, call) => {
      expectTypeOf(call).not.toHaveProperty("user");
      return call.requestId;
    });
    closed.handle(async (_order, call) => {
      expectTypeOf(call.user).toEqualTypeOf<User>();
      return call.requestId;
    });
  });

  it("hold over ten middlewares", () => {
    pipeline<Order>()
      .use(provide({ a: 1 }))
      .use(provide({ b: "b" }))
      .use(guard)
      .use(provide({ c: true }))
      .use(provide({ d: [1] }))
      .use(provide({ e: new Date(0) }))
      .use(provide({ f: null }))
      .use(provide({ g: { deep: 1 } }))
      .use(auth)
      .use(provide({ h: new Map<string, number>() }))
      .use(provide({ i: 1n }))
      .handle(async (_order, call) => {
        expectTypeOf(call.a).toEqualTypeOf<number>();
        expectTypeOf(call.e).toEqualTypeOf<Date>();
        expectTypeOf(call.g).toEqualTypeOf<{ deep: number }>();
        expectTypeOf(call.h).toEqualTypeOf<Map<string, number>>();
        expectTypeOf(call.user).toEqualTypeOf<User>();
        expectTypeOf(call.i).toEqualTypeOf<bigint>();
        return 0;
      });
  });

  it("take a middleware from a package that knows only core", () => {
    interface Lease {
      readonly resource: number;
    }
    class Pool {
      readonly layer: Provider<{ readonly lease: Lease }> = (next) => (input, call) =>
        next(input, { ...call, lease: { resource: 1 } });
    }
    pipeline<Order>()
      .use(new Pool().layer)
      .handle(async (_order, call) => {
        expectTypeOf(call.lease).toEqualTypeOf<Lease>();
        return 0;
      });
  });

  it("are written down by name", () => {
    expectTypeOf(pipeline<Order>().use(auth)).toEqualTypeOf<Pipeline<Order, Overwrite<Call, { readonly user: User }>>>();
  });
});
