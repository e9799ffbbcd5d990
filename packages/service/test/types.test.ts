import type { Call } from "@breakwater/core";
import { authentication, pipeline, requestId } from "@breakwater/middleware";
import { createService, type ServiceHost } from "@breakwater/service";
import { describe, expectTypeOf, it } from "vitest";

interface Order {
  readonly token?: string;
}

describe("types of a service", () => {
  it("input comes from the pipeline, output from the handler, and the call is what the middlewares made of it", () => {
    const service = createService({
      middleware: pipeline<Order>()
        .use(requestId())
        .use(authentication({ credentials: (order) => order.token, verify: () => ({ name: "Ann" }) })),
    }).handle(async (order, call) => {
      expectTypeOf(order).toEqualTypeOf<Order>();
      expectTypeOf(call.user).toEqualTypeOf<{ name: string }>();
      expectTypeOf(call.requestId).toEqualTypeOf<string>();
      return 1;
    });
    expectTypeOf(service).toEqualTypeOf<ServiceHost<Order, number>>();
    expectTypeOf<ReturnType<typeof service.process>>().toEqualTypeOf<Promise<number>>();
  });

  it("without middlewares the input is named, and the call is the plain one", () => {
    const service = createService<Order>().handle(async (_order, call) => {
      expectTypeOf(call).toEqualTypeOf<Call>();
      return "done";
    });
    expectTypeOf(service).toEqualTypeOf<ServiceHost<Order, string>>();
    expectTypeOf<Parameters<typeof service.process>[0]>().toEqualTypeOf<Order>();
  });

  it("a handler that asks for what no middleware provides does not compile", () => {
    // @ts-expect-error: nobody provides user
    createService<Order>().handle(async (_order, call) => call.user as unknown);
  });
});
