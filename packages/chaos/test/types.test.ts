import type { Call, Guard, Provider, Service } from "@breakwater/core";
import {
  ChaosSwitch,
  injectBehavior,
  injectFault,
  injectLatency,
  injectOutcome,
  weighted,
  type ChaosError,
  type ChaosLayer,
  type ChaosStats,
  type Injection,
  type OutcomeLayer,
  type Weighted,
} from "@breakwater/chaos";
import { expectTypeOf, it } from "vitest";

interface WithUser extends Call {
  readonly user: string;
}
const never = { rate: 0 } as const;

it("a layer that reads nothing special is a Guard, and keeps the types of what it is put round", () => {
  const layers = [injectLatency({ ...never, latencyMs: 1 }), injectFault(never), injectBehavior({ ...never, behavior: () => undefined })];
  for (const layer of layers) {
    expectTypeOf(layer).toEqualTypeOf<ChaosLayer>();
    expectTypeOf(layer).toExtend<Guard>();
    const service = layer(async (id: number, call: WithUser) => `${call.user} ${id}`);
    expectTypeOf(service).toEqualTypeOf<Service<number, string, WithUser>>();
  }
});

it("one that reads input or call fits round services that get these", () => {
  const fault = injectFault({ ...never, when: (input: string, call: WithUser) => call.user === input });
  expectTypeOf(fault).toEqualTypeOf<ChaosLayer<string, WithUser>>();
  expectTypeOf(fault(async (id: "a" | "b", call: WithUser) => (call.user === id ? id : "a"))).toEqualTypeOf<Service<"a" | "b", "a" | "b", WithUser>>();
  // @ts-expect-error: numbers are not what `when` reads
  fault(async (id: number, { user }: WithUser) => `${user} ${id}`);
  const length = injectLatency({ ...never, latencyMs: (text: string) => text.length });
  expectTypeOf(length).toEqualTypeOf<ChaosLayer<string>>();
  expectTypeOf(length).not.toExtend<Guard>();
  expectTypeOf(length).toExtend<Provider<object, Call, string>>();
  expectTypeOf(fault).not.toExtend<Provider<object, Call, string>>();
  const error = injectFault({ ...never, error: (text: string) => new Error(text) });
  expectTypeOf(error).toEqualTypeOf<ChaosLayer<string>>();
});

it("an outcome fits round services of its answer only", () => {
  const outcome = injectOutcome({ ...never, result: { status: 503 } });
  expectTypeOf(outcome).toEqualTypeOf<OutcomeLayer<{ status: number }>>();
  expectTypeOf(outcome(async (status: number) => ({ status }))).toEqualTypeOf<Service<number, { status: number }>>();
  // @ts-expect-error: no service of texts answers a status
  outcome(async () => "text");
  expectTypeOf(injectOutcome({ ...never, result: () => "made" })).toEqualTypeOf<OutcomeLayer<string>>();
  expectTypeOf(injectOutcome({ ...never, result: async () => 5 })).toEqualTypeOf<OutcomeLayer<number>>();
  expectTypeOf(injectOutcome({ ...never, result: weighted([{ weight: 1, value: 5 }]) })).toEqualTypeOf<OutcomeLayer<number>>();
  expectTypeOf(injectOutcome<string | null>({ ...never, result: null })(async () => "text")).toEqualTypeOf<Service<unknown, string | null>>();
  expectTypeOf(outcome.run(() => ({ status: 200 }))).toEqualTypeOf<Promise<{ status: number }>>();
});

it("run promises what the work answers, and wants an input where one is read", () => {
  const slow = injectLatency({ ...never, latencyMs: 1 });
  expectTypeOf(slow.run(() => 1)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(slow.run(async () => "text", {})).toEqualTypeOf<Promise<string>>();
  expectTypeOf(slow.draw()).toEqualTypeOf<boolean>();
  const picky = injectLatency({ ...never, latencyMs: (text: string) => text.length });
  expectTypeOf(picky.run(() => 1, {}, "text")).toEqualTypeOf<Promise<number>>();
  // @ts-expect-error: the input is missing
  void picky.run(() => 1, {});
});

it("events, stats, errors and choices say what they hold", () => {
  const layer = injectFault({ ...never, enabled: new ChaosSwitch() });
  expectTypeOf(layer.stats).toEqualTypeOf<ChaosStats>();
  expectTypeOf<ChaosError["code"]>().toEqualTypeOf<"ERR_CHAOS_INJECTED">();
  expectTypeOf(weighted([{ weight: 1, value: "a" }])).toEqualTypeOf<Weighted<string>>();
  layer.on("injected", (event) => {
    expectTypeOf(event).toEqualTypeOf<Injection>();
    if (event.kind === "latency") expectTypeOf(event.latencyMs).toEqualTypeOf<number>();
    // @ts-expect-error: an outcome has no error
    if (event.kind === "outcome") expectTypeOf(event.error).toBeNever();
  });
  // @ts-expect-error: no such event
  layer.on("inject", () => undefined);
  // @ts-expect-error: a rate is needed
  injectFault.bind(undefined, {});
});
