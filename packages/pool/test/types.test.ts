import type { Call, Overwrite, Provider, Service } from "@breakwater/core";
import { KeyedPool, Pool, type Lease } from "@breakwater/pool";
import { describe, expectTypeOf, it } from "vitest";

interface Connection {
  query(text: string): Promise<number>;
}

describe("types of a pool", () => {
  const pool = new Pool({ create: async (): Promise<Connection> => ({ query: async () => 1 }) });

  it("the resource is what create answers or promises", () => {
    expectTypeOf(pool).toEqualTypeOf<Pool<Connection>>();
    expectTypeOf(pool.acquire()).resolves.toEqualTypeOf<Lease<Connection>>();
    expectTypeOf(pool.tryAcquire()).toEqualTypeOf<Lease<Connection> | undefined>();
  });

  it("use answers what the work answers or promises", () => {
    expectTypeOf(pool.use((connection) => connection.query("x"))).toEqualTypeOf<Promise<number>>();
    expectTypeOf(pool.use(() => "at once")).toEqualTypeOf<Promise<string>>();
  });

  it("the layer provides the lease, and a handler sees its type", () => {
    expectTypeOf(pool.layer).toEqualTypeOf<Provider<{ readonly lease: Lease<Connection> }>>();
    const handler = (text: string, call: Overwrite<Call, { readonly lease: Lease<Connection> }>): Promise<number> =>
      call.lease.resource.query(text);
    expectTypeOf(pool.layer(handler)).toEqualTypeOf<Service<string, number>>();
  });

  it("the layer of a keyed one provides it where keyOf can read", () => {
    type Asked = Call & { readonly tenant: string };
    const keyed = new KeyedPool({ create: async (): Promise<Connection> => ({ query: async () => 1 }) });
    expectTypeOf(keyed.layer((url: URL, call: Asked) => url.host + call.tenant)).toEqualTypeOf<Provider<{ readonly lease: Lease<Connection> }, Asked, URL>>();
  });
});
