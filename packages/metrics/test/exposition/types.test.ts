import { describe, expectTypeOf, it } from "vitest";
import { expose, Metrics, negotiate, respond, type Exposable, type Format, type Registry, type ScrapeRequest, type Snapshot } from "@breakwater/metrics";

describe("types of the exposition", () => {
  it("take a registry and a snapshot alike, and the platform's request", () => {
    expectTypeOf<Metrics>().toExtend<Registry>();
    expectTypeOf<Metrics | Snapshot>().toExtend<Exposable>();
    expectTypeOf<Request>().toExtend<ScrapeRequest>();
    expectTypeOf(respond).returns.toEqualTypeOf<Response>();
    expectTypeOf(expose).returns.toEqualTypeOf<AsyncGenerator<string, void>>();
    expectTypeOf(negotiate).returns.toEqualTypeOf<Format>();
  });

  it("refuse a format for an answer that negotiates it", () => {
    // @ts-expect-error the request decides
    expectTypeOf(() => respond(new Metrics(), { headers: new Headers() }, { format: "prometheus" })).toBeFunction();
  });
});
