import { checkFunction, systemClock, type Call } from "@breakwater/core";
import { Metrics } from "@breakwater/metrics";
import { pipeline, type Pipeline } from "@breakwater/middleware";
import { admission } from "./admission.ts";
import { Door } from "./door.ts";
import type { HostParts, Life } from "./host.ts";
import { limiterOf } from "./limiters.ts";
import { Measured, type MeasuredOptions } from "./measured.ts";
import type { OperationCall, OperationMaker } from "./operations/operation.ts";
import { makerOf } from "./operations/operation.ts";
import type { BaseOf, Fitting, Operations } from "./operations/operations.ts";
import { OperationsHost } from "./operations/operations-host.ts";
import { servedOf, type AnyOperation } from "./operations/served.ts";
import { outcomeOfRequest, type ServiceOptions } from "./options.ts";
import { ResourceGraph } from "./resources/resource-graph.ts";
import { healthOf } from "./service-health.ts";
import { ServiceHost } from "./service-host.ts";
import { sheddingOf } from "./shedding.ts";
import { checkPatterns } from "./view/patterns.ts";

/** A service that lacks only what it does. */
export interface ServiceBuilder<In, C extends Call, Raw = In> {
  /** Completes it with one handler. Its input and call are what the middlewares made of them. */
  handle<Out>(handler: (input: In, call: C) => Promise<Out>): ServiceHost<Raw, Out>;
  /**
   * Completes it with several operations, by name: as they are, or made by a function whose argument knows what the service's
   * middleware provides. Inputs must be such as the service's middleware reads.
   *
   * @throws TypeError naming what is no operation.
   */
  operations<Ops extends Operations<C & OperationCall>>(
    define: (operation: OperationMaker<BaseOf<In, Raw>, C & OperationCall>) => Ops,
  ): OperationsHost<Ops>;
  // eslint-disable-next-line @typescript-eslint/unified-signatures -- with a union the compiler would infer Ops from neither
  operations<Ops extends Operations<C & OperationCall>>(operations: Ops & Fitting<Ops, BaseOf<In, Raw>>): OperationsHost<Ops>;
}

/**
 * Composes shedding, limiter, middleware, health, metrics and resources into a service; `handle` or `operations` completes it.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function createService<In, C extends Call = Call, Raw = In>(options: ServiceOptions<In, C, Raw> = {}): ServiceBuilder<In, C, Raw> {
  const { classify = outcomeOfRequest, middleware = plain<In, C, Raw>() } = options;
  checkFunction("classify", classify);
  const parts = partsOf(options);
  const { name, clock, limiter, health, metrics, shedding, abort } = parts;
  const common: Omit<MeasuredOptions, "attributes"> = { clock, metrics, health, classify, waited: shedding?.waited, stop: abort.signal };
  return {
    handle: (handler) => {
      checkFunction("handler", handler);
      const measured = new Measured({ ...common, attributes: { service: name } });
      const admitted = admission(middleware.handle(handler), { limiter, measured });
      const entry = shedding === undefined ? admitted : shedding.layer(admitted);
      return new ServiceHost(parts, measured, new Door({ entry, stop: abort.signal }));
    },
    operations: <Ops extends Operations>(given: Ops | ((operation: OperationMaker<never, never>) => Ops)): OperationsHost<Ops> => {
      const operations = typeof given === "function" ? given(makerOf()) : given;
      // The service's middleware hands inputs on as they are: BaseOf has seen to that.
      const handle = (served: AnyOperation["served"]): AnyOperation["served"] => middleware.handle(served as never) as AnyOperation["served"];
      const served = servedOf(operations, { parts, common, handle });
      const limiters = [...served.values()].flatMap(({ limiter: own }) => own ?? []);
      return new OperationsHost({ ...parts, limiters }, served);
    },
  };
}

function partsOf<In, C extends Call, Raw>(options: ServiceOptions<In, C, Raw>): HostParts {
  const { name = "service", clock = systemClock, resources = [], patterns: given = {} } = options;
  const metrics = options.metrics ?? new Metrics({ clock });
  const common = { name, clock, meter: metrics };
  const graph = new ResourceGraph(resources, clock);
  const patterns = checkPatterns(given);
  const life: Life = { state: "new" };
  return {
    name,
    clock,
    metrics,
    limiter: limiterOf(options.limiter, common),
    limiters: [],
    shedding: sheddingOf(options.shedding, common),
    resources: graph,
    patterns,
    life,
    health: healthOf({ given: options.health, own: common, life, resources, graph, patterns }),
    abort: new AbortController(),
  };
}

// Without middleware nothing changes the input or widens the call: Raw is In and C is Call, which only the caller of createService knows.
const plain = <In, C extends Call, Raw>(): Pipeline<In, C, Raw> => pipeline<In>() as unknown as Pipeline<In, C, Raw>;
