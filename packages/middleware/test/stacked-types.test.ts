import { type Call, type Guard, type GuardFor, type Layer, type Provider, type Service } from "@breakwater/core";
import {
  coalescing,
  fallback,
  onion,
  perOperation,
  pipeline,
  requestId,
  stack,
  validation,
  when,
  type Answering,
  type Conversion,
  type StandardSchema,
  type Validation,
} from "@breakwater/middleware";
import { describe, expect, expectTypeOf, it } from "vitest";

interface Raw {
  readonly price: string;
}
interface Order {
  readonly price: number;
  readonly token: string;
}
interface User {
  readonly name: string;
}
type Known = Call & { readonly user: User };

const guard: Guard = (next) => next;
const schema: StandardSchema<Raw, Order> = {
  "~standard": { version: 1, vendor: "test", validate: (raw) => ({ value: { price: Number((raw as Raw).price), token: "Ann" } }) },
};
const user: Provider<{ readonly user: User }, Call, Order> = (next) => (order, call) => next(order, { ...call, user: { name: order.token } });
const rawSize: Provider<{ readonly size: number }, Call, Raw> = (next) => (raw, call) => next(raw, { ...call, size: raw.price.length });
const known = (order: Order, call: Known): Promise<number> => Promise.resolve(order.price + call.user.name.length);
const excuse = fallback({ handle: () => "later" as const });

describe("a stack with a validation in it", () => {
  it("is a validation among guards, and says what is parsed and what is answered", async () => {
    expectTypeOf(stack(guard, validation(schema), guard)).toEqualTypeOf<Validation<Raw, Order>>();
    expectTypeOf(stack(validation(schema))).toEqualTypeOf<Validation<Raw, Order>>();
    const service = stack(guard, validation(schema))(async ({ price }: Order) => price);
    expectTypeOf(service).toEqualTypeOf<Service<Raw, number>>();
    expect(await service({ price: "7" }, {})).toBe(7);
  });

  it("keeps what stands round and inside it, each reading its own side", async () => {
    const composed = stack(requestId(), rawSize, validation(schema), guard, user);
    expectTypeOf(composed).toEqualTypeOf<Conversion<Raw, Order, { readonly requestId: string; readonly size: number; readonly user: User }>>();
    const service = composed(async (order, call) => {
      expectTypeOf(order).toEqualTypeOf<Order>();
      expectTypeOf(call.user).toEqualTypeOf<User>();
      expectTypeOf(call.requestId).toEqualTypeOf<string>();
      return order.price + call.size;
    });
    expectTypeOf(service).toEqualTypeOf<Service<Raw, number>>();
    expect(await service({ price: "40" }, {})).toBe(42);
    // @ts-expect-error: a raw order has no token yet
    stack(user, validation(schema))(known) satisfies Service<Raw, number>;
    // @ts-expect-error: there is nothing raw any more
    stack(validation(schema), rawSize);
    // @ts-expect-error: it is parsed already
    stack(validation(schema), validation(schema));
  });

  it("asks for what the service asks for and no layer provides", () => {
    expectTypeOf(stack(guard, validation(schema))(known)).toEqualTypeOf<Service<Raw, number, Known>>();
    const asking: GuardFor<Order, Known> = (next) => next;
    expectTypeOf(stack(validation(schema), asking)).toEqualTypeOf<Conversion<Raw, Order, object, Known>>();
    expectTypeOf(stack(validation(schema), user, asking)(known)).toEqualTypeOf<Service<Raw, number>>();
  });

  it("stands in a stack, and in a pipeline", async () => {
    const half = stack(requestId(), validation(schema));
    expectTypeOf(stack(guard, half, user)(known)).toEqualTypeOf<Service<Raw, number>>();
    const service = pipeline<Raw>()
      .use(rawSize)
      .use(half)
      .use(user)
      .handle(async (order, call) => {
        expectTypeOf(order).toEqualTypeOf<Order>();
        expectTypeOf(call.requestId).toEqualTypeOf<string>();
        return order.price + call.size + call.user.name.length;
      });
    expectTypeOf(service).toEqualTypeOf<Service<Raw, number>>();
    expect(await service({ price: "7" }, {})).toBe(11);
    // @ts-expect-error: an order is parsed already
    pipeline<Order>().use(half);
    // @ts-expect-error: nobody provides the user
    pipeline<Raw>().use(stack(validation(schema), onion(async (_order: Order, call: Known, next) => next({ name: call.user.name }))));
  });

  it("converts twice where one makes what the other takes", () => {
    const rounded: Validation<Order, number> = (next) => (order, call) => next(Math.round(order.price), call);
    expectTypeOf(stack(validation(schema), guard, rounded)).toEqualTypeOf<Validation<Raw, number>>();
  });

  it("stands round and inside a layer with types of its own", () => {
    const cached: Layer<Service<Order, number, Known>> = (next) => next;
    expectTypeOf(stack(validation(schema), user, cached)).toEqualTypeOf<Layer<Service<Order, number, Known>, Service<Raw, number>>>();
    const rawCached: Layer<Service<Raw, number>> = (next) => next;
    expectTypeOf(stack(rawCached, validation(schema), user)(known)).toEqualTypeOf<Service<Raw, number>>();
    // @ts-expect-error: what is cached is parsed
    stack(cached, validation(schema));
    // @ts-expect-error: what is cached is not parsed
    stack(validation(schema), rawCached);
  });
});

describe("a stack with a fallback in it", () => {
  it("may answer with what the fallback makes, or with what the service does", async () => {
    expectTypeOf(stack(guard, excuse)).toEqualTypeOf<Answering<"later">>();
    const service = stack(guard, excuse, user, guard)((_order, call) => Promise.reject<number>(new Error(call.user.name)));
    expectTypeOf(service).toEqualTypeOf<Service<Order, number | "later">>();
    expect(await service({ price: 1, token: "Ann" }, {})).toBe("later");
    expectTypeOf(stack(excuse, fallback({ handle: () => 1 }))).toEqualTypeOf<Answering<"later" | number>>();
  });

  it("asks for what the service asks for", () => {
    expectTypeOf(stack(guard, excuse)(known)).toEqualTypeOf<Service<Order, number | "later", Known>>();
  });

  it("asks for what the fallback reads, less what is provided", () => {
    const telling = fallback({ handle: (_error, call: Known, order: Order) => call.user.name + order.token });
    expectTypeOf(stack(user, telling)(known)).toEqualTypeOf<Service<Order, number | string>>();
    expectTypeOf(stack(guard, telling)(known)).toEqualTypeOf<Service<Order, number | string, Known>>();
    // @ts-expect-error: a raw order has no token
    stack(telling, validation(schema))(known) satisfies Service<Raw, number | string, Known>;
  });

  it("goes together with a validation", () => {
    const both = stack(excuse, validation(schema), user);
    expectTypeOf(both).toEqualTypeOf<Conversion<Raw, Order, { readonly user: User }, Call, "later">>();
    expectTypeOf(both(known)).toEqualTypeOf<Service<Raw, number | "later">>();
  });

  it("fits inside a layer with types of its own only if that takes the answer", () => {
    const open: Layer<Service<Order, number | "later">> = (next) => next;
    expectTypeOf(stack(open, excuse, guard)).toEqualTypeOf<Layer<Service<Order, number | "later">>>();
    const numbers: Layer<Service<Order, number>> = (next) => next;
    expectTypeOf(stack(excuse, numbers)).toEqualTypeOf<Layer<Service<Order, number>, Service<Order, number | "later">>>();
    // @ts-expect-error: "later" is no number
    stack(numbers, excuse);
  });
});

describe("a guard for some services", () => {
  const shared = coalescing({ key: (order: Order) => order.token });
  const isDear = (order: Order): boolean => order.price > 100;

  it("leaves what the service asks of the call as it is, in a stack too", () => {
    expectTypeOf(stack(guard, shared)).toEqualTypeOf<GuardFor<Order>>();
    expectTypeOf(stack(guard, shared)(known)).toEqualTypeOf<Service<Order, number, Known>>();
    expectTypeOf(when(isDear, guard)(known)).toEqualTypeOf<Service<Order, number, Known>>();
    expectTypeOf(stack(guard, when(isDear, guard))(known)).toEqualTypeOf<Service<Order, number, Known>>();
    const asking = onion((_order: Order, _call: Known, next) => next());
    expectTypeOf(asking).toEqualTypeOf<GuardFor<Order, Known>>();
    // @ts-expect-error: a raw order has no price to compare
    when(isDear, guard)((raw: Raw) => Promise.resolve(raw.price));
  });

  it("narrows nothing that was provided: it gets what it asks for, and hands on what was there", () => {
    interface Admin extends User {
      readonly rights: string;
    }
    const admin: Provider<{ readonly user: Admin }> = (next) => (input, call) => next(input, { ...call, user: { name: "Ann", rights: "all" } });
    const asking = coalescing({ key: (order: Order, call: Known) => order.token + call.user.name });
    stack(admin, asking, guard)(async (_order, call) => expectTypeOf(call.user).toEqualTypeOf<Admin>());
    pipeline<Order>()
      .use(admin)
      .use(asking)
      .use(onion((_order: Order, _call: Known, next) => next()))
      .handle(async (_order, call) => expectTypeOf(call.user).toEqualTypeOf<Admin>());
    // @ts-expect-error: nobody provides the user
    pipeline<Order>().use(asking);
  });

  it("can stand behind a condition, which then asks for the same", () => {
    expectTypeOf(when(() => true, when(() => false, guard))).toEqualTypeOf<Guard>();
    expectTypeOf(when(isDear, perOperation((order: Order) => order.token, { Ann: shared, Bob: guard }, shared))).toEqualTypeOf<GuardFor<Order>>();
    // @ts-expect-error: what is asked about has no token
    when((input: { readonly size: number }) => input.size > 1, shared);
    // @ts-expect-error: it hands on another call, which nobody would get who does not go through it
    when(() => true, requestId());
    // @ts-expect-error: it hands on another input
    when(() => true, validation(schema));
    // @ts-expect-error: it may answer something else
    when(() => true, excuse);
  });

  it("of an onion function that adds only sometimes does not compile, for nobody could rely on it", () => {
    // @ts-expect-error: there is a tenant, or there is none
    onion(async (order: Order, _call, next) => (order.price > 1 ? next({ tenant: order.token }) : next()));
  });
});
