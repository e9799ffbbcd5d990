import { widen, type Call, type Guard, type Layer, type Overwrite, type Provider, type Service } from "@breakwater/core";
import {
  authentication,
  logging,
  pipeline,
  requestId,
  stack,
  onion,
  staticTokens,
  type AuthenticationError,
  type AuthenticationFailure,
  type Pipeline,
  type Validation,
  type Verify,
} from "@breakwater/middleware";
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
const audit: Provider<{ readonly audited: true }, Call & { readonly user: User }> = (next) => (input, call) =>
  next(input, { ...call, audited: true });
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe("types of a stack", () => {
  it("of guards is a guard, and fits round anything", () => {
    expectTypeOf(stack(guard, guard, guard)).toEqualTypeOf<Guard>();
    const length = async (text: string, call: Call): Promise<number> => (call.signal ? 0 : text.length);
    expectTypeOf(stack(guard, guard)(length)).toEqualTypeOf<Service<string, number>>();
  });

  it("of layers goes from the innermost in to the outermost out", () => {
    expectTypeOf(stack(wrap, parse)).toEqualTypeOf<Layer<Service<number, string>, Service<string, string[]>>>();
    // @ts-expect-error: parse answers text, and wrap would be given numbers
    stack(parse, wrap);
  });

  const parse: Layer<Service<number, string>, Service<string, string>> = (next) => (text, call) => next(Number(text), call);
  const wrap: Layer<Service<string, string>, Service<string, string[]>> = (next) => async (text, call) => [await next(text, call)];
  const list =
    <In, Out>(next: Service<In, Out>): Service<In, Out[]> =>
    async (input, call) => [await next(input, call)];

  it("of nothing, and of a list of guards, is a guard", () => {
    const guards: readonly Guard[] = [guard];
    expectTypeOf(stack()).toEqualTypeOf<Guard>();
    expectTypeOf(stack(...guards)).toEqualTypeOf<Guard>();
  });

  it("keeps a generic layer generic until it is applied", () => {
    const length = async (text: string): Promise<number> => text.length;
    expectTypeOf(stack(list)(length)).toEqualTypeOf<Service<string, number[]>>();
  });

  it("lets guards stand anywhere among ten layers with types of their own", () => {
    type Both = Layer<Service<number, string>, Service<string, string[]>>;
    expectTypeOf(stack(guard, wrap, parse)).toEqualTypeOf<Both>();
    expectTypeOf(stack(wrap, guard, parse)).toEqualTypeOf<Both>();
    expectTypeOf(stack(wrap, parse, guard)).toEqualTypeOf<Both>();
    expectTypeOf(stack(guard, guard, wrap, guard, guard, guard, parse, guard, guard, guard)).toEqualTypeOf<Both>();
    // @ts-expect-error: parse answers text, and wrap would be given numbers
    stack(parse, guard, wrap);
  });

  it("of providers is a provider of all that they provide, the inner one's in place of the outer one's", () => {
    type Known = Provider<{ readonly requestId: string; readonly user: User }, Call, Order>;
    expectTypeOf(stack(requestId(), guard, auth)).toEqualTypeOf<Known>();
    expectTypeOf(stack(auth)).toEqualTypeOf<Provider<{ readonly user: User }, Call, Order>>();
    expectTypeOf(stack(provide({ tenant: "text" }), provide({ tenant: 7 }))).toEqualTypeOf<Provider<{ tenant: number }>>();
  });

  it("of ten providers and guards fits round a handler that asks for what they provide", () => {
    const handler = async (order: Order, call: Call & { user: User; audited: true; requestId: string }): Promise<string> =>
      order.item + call.user.name;
    const service = stack(requestId(), guard, auth, audit, guard, provide({ a: 1 }), guard, guard, guard, guard)(handler);
    expectTypeOf(service).toEqualTypeOf<Service<Order, string>>();
    // @ts-expect-error: nothing provides user
    stack(requestId(), guard)(handler) satisfies Service<Order, string>;
    // @ts-expect-error: a number has no token
    stack(auth)(async (count: number) => count);
  });

  it("asks for what its providers need and do not provide to one another", () => {
    const audited = stack(requestId(), audit);
    pipeline<Order>()
      .use(auth)
      .use(audited)
      .handle(async (_order, call) => {
        expectTypeOf(call.audited).toEqualTypeOf<true>();
        expectTypeOf(call.requestId).toEqualTypeOf<string>();
        return 0;
      });
    // @ts-expect-error: user comes from nowhere
    pipeline<Order>().use(audited);
    // @ts-expect-error: there is a user, but it is a text
    stack(provide({ user: "Ann" }), audit);
  });

  it("lets providers stand round and inside a layer with types of its own", () => {
    const cached: Layer<Service<Order, string, Call & { readonly user: User }>> = (next) => next;
    const service = stack(auth, cached, audit, guard)(async (order, call) => {
      expectTypeOf(call.user).toEqualTypeOf<User>();
      expectTypeOf(call.audited).toEqualTypeOf<true>();
      return order.item;
    });
    expectTypeOf(service).toEqualTypeOf<Service<Order, string>>();
    expectTypeOf(stack(cached)).toEqualTypeOf<Layer<Service<Order, string, Call & { readonly user: User }>>>();
    // @ts-expect-error: what is cached is asked for with a user that is a text
    stack(provide({ user: "Ann" }), cached);
    const open: Layer<Service<Order, string>> = (next) => next;
    // @ts-expect-error: what is inside an open cache has no user
    stack(open, audit);
    // @ts-expect-error: a text has no token
    stack(auth, parse);
  });

  it("refuses a list of providers whose length nobody knows", () => {
    const providers: readonly Provider<{ readonly a: 1 }>[] = [];
    // @ts-expect-error: it may be empty, and then provides nothing
    stack(...providers);
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
    // @ts-expect-error: user comes too late
    pipeline<Order>().use(audit).use(auth);
    // @ts-expect-error: there is a user, but it is a text
    pipeline<Order>().use(provide({ user: "Ann" })).use(audit);
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

  it("change the input where a validation does, and keep what comes in", () => {
    interface Raw {
      readonly amount: string;
    }
    interface Parsed {
      readonly amount: number;
    }
    const parse: Validation<Raw, Parsed> = (next) => ({ amount }, call) => next({ amount: Number(amount) }, call);
    const reads = onion(async (input: Parsed, _call, next) => next({ doubled: input.amount * 2 }));
    const service = pipeline<Raw>()
      .use(requestId({ read: ({ amount }) => amount }))
      .use(parse)
      .use(guard)
      .use(reads)
      .handle(async (input, call) => {
        expectTypeOf(input).toEqualTypeOf<Parsed>();
        expectTypeOf(call.requestId).toEqualTypeOf<string>();
        expectTypeOf(call.doubled).toEqualTypeOf<number>();
        return input.amount;
      });
    expectTypeOf(service).toEqualTypeOf<Service<Raw, number>>();
    // @ts-expect-error: what comes in is not parsed yet
    pipeline<Raw>().use(reads);
    // @ts-expect-error: it is parsed already
    pipeline<Raw>().use(parse).use(parse);
    // @ts-expect-error: an order has no amount
    pipeline<Order>().use(parse);
  });

  it("are written down by name", () => {
    expectTypeOf(pipeline<Order>().use(auth)).toEqualTypeOf<Pipeline<Order, Overwrite<Call, { readonly user: User }>>>();
  });

  it("take a generic function written in place, guard or provider", () => {
    pipeline<Order>()
      .use(
        <In, Out, C extends Call>(next: Service<In, Out, C>): Service<In, Out, C> =>
          (input, call) =>
            next(input, call),
      )
      .use(
        <In, Out, C extends Call>(next: Service<In, Out, Overwrite<C, { tenant: string }>>): Service<In, Out, C> =>
          (input, call) =>
            next(input, widen(call, { tenant: "acme" })),
      )
      .handle(async (_order, call) => {
        expectTypeOf(call.tenant).toEqualTypeOf<string>();
        return 0;
      });
    const untyped = pipeline<Order>().use((next) => (order, call) => next(order, { ...call, tenant: order.item }));
    // @ts-expect-error: without types the compiler takes it for a guard, and knows nothing of what it adds
    untyped.handle(async (_order, call) => call.tenant as unknown);
  });

  it("do not take a provider for a guard, which would hide what it adds", () => {
    // @ts-expect-error: it hands on another call
    const wrong: Guard = requestId();
    expectTypeOf(wrong).toEqualTypeOf<Guard>();
  });

  it("start the handler's input at what the pipeline was opened with, and need a type for it", () => {
    pipeline().handle(async (input) => {
      expectTypeOf(input).toEqualTypeOf<unknown>();
      return 0;
    });
  });
});

describe("types of authentication", () => {
  it("find the user in what the verifier answers, now or later", () => {
    const credentials = (order: Order): string | undefined => order.token;
    type Known = Provider<{ readonly user: User }, Call, Order>;
    const known: User | undefined = { name: "Ann" };
    expectTypeOf(authentication({ credentials, verify: (): User | undefined => known })).toEqualTypeOf<Known>();
    expectTypeOf(authentication({ credentials, verify: (): User | null => known })).toEqualTypeOf<Known>();
    expectTypeOf(authentication({ credentials, verify: (): User | false => known })).toEqualTypeOf<Known>();
    expectTypeOf(authentication({ credentials, verify: async (): Promise<User | undefined> => known })).toEqualTypeOf<Known>();
    expectTypeOf(authentication({ credentials, verify: (): User | Promise<User | undefined> => known })).toEqualTypeOf<Known>();
    expectTypeOf(authentication({ credentials, verify: staticTokens({ token: known }) })).toEqualTypeOf<Known>();
    expectTypeOf(authentication({ credentials, verify: staticTokens(new Map([["token", known]])) })).toEqualTypeOf<Known>();
  });

  it("take the request's type from the pipeline in functions written in place", () => {
    pipeline<Order>()
      .use(requestId({ read: (order) => order.token }))
      .use(authentication({ credentials: (order) => order.token, verify: async (token) => (token === "x" ? { age: 7 } : undefined) }))
      .handle(async (_order, call) => {
        expectTypeOf(call.user).toEqualTypeOf<{ age: number }>();
        return 0;
      });
    // @ts-expect-error: an order has no password
    pipeline<Order>().use(requestId({ read: (order: { readonly password: string }) => order.password }));
  });

  it("give code and reason as literals", () => {
    expectTypeOf<AuthenticationError["code"]>().toEqualTypeOf<"ERR_AUTHENTICATION">();
    expectTypeOf<AuthenticationError["reason"]>().toEqualTypeOf<AuthenticationFailure>();
    expectTypeOf(staticTokens({ token: 7 })).toEqualTypeOf<Verify<number>>();
  });

  it("let logging be a guard, by a pino-shaped logger or the console", () => {
    expectTypeOf(logging({ logger })).toEqualTypeOf<Guard>();
    expectTypeOf(logging({ logger: console, level: "debug" })).toEqualTypeOf<Guard>();
    // @ts-expect-error: served requests are no errors
    logging({ logger, level: "error" });
  });
});
