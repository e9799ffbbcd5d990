import type { Call, Outcome, Provider } from "@breakwater/core";
import { Balancer, peakEwma, prequal, type Endpoint, type EndpointState, type NoEndpointError, type Pick, type Policy } from "@breakwater/balancer";
import { expectTypeOf, it } from "vitest";

interface Client {
  readonly get: (path: string) => Promise<string>;
}
const client: Client = { get: async (path) => path };

it("the layer provides the endpoint, and what is inside sees its type", () => {
  const balancer = new Balancer({ endpoints: [{ key: "a", value: client }] });
  expectTypeOf(balancer).toEqualTypeOf<Balancer<{ readonly get: (path: string) => Promise<string> }>>();
  expectTypeOf(balancer.layer).toEqualTypeOf<Provider<{ readonly endpoint: Client }>>();
  const service = balancer.layer((path: string, call: Call & { readonly endpoint: Client }) => call.endpoint.get(path));
  expectTypeOf(service(" ", {})).toEqualTypeOf<Promise<string>>();
  // @ts-expect-error the endpoint is no number
  balancer.layer((path: string, call: Call & { readonly endpoint: number }) => Promise.resolve(path + call.endpoint.toFixed()));
});

it("pick, run, events and errors say what they hold", () => {
  const balancer = new Balancer({ endpoints: [{ key: "a", value: 1 }] });
  expectTypeOf(balancer.pick()).toEqualTypeOf<Pick<number>>();
  expectTypeOf(balancer.pick().endpoint).toEqualTypeOf<Endpoint<number>>();
  expectTypeOf(balancer.run(() => "text")).toEqualTypeOf<Promise<string>>();
  expectTypeOf(balancer.run(async (value) => value)).toEqualTypeOf<Promise<number>>();
  balancer.on("ejected", ({ endpoint, rule }) => {
    expectTypeOf(endpoint).toEqualTypeOf<Endpoint<number>>();
    expectTypeOf(rule).toEqualTypeOf<"consecutive-failures" | "success-rate" | "failure-ratio" | "manual">();
  });
  // @ts-expect-error no such event
  balancer.on("eject", () => undefined);
  expectTypeOf<NoEndpointError["code"]>().toEqualTypeOf<"ERR_NO_ENDPOINT">();
  expectTypeOf<EndpointState>().toEqualTypeOf<"available" | "starting" | "ejected" | "standby" | "draining">();
});

it("policies fit any balancer, classify answers an outcome", () => {
  expectTypeOf(peakEwma()).toExtend<Policy>();
  expectTypeOf(prequal({ probe: (value: number) => ({ inFlight: value, latencyMs: 1 }) })).toExtend<Policy>();
  new Balancer({ classify: () => "success" satisfies Outcome });
  // @ts-expect-error no such outcome
  new Balancer({ classify: () => "fine" });
});
