import { checkFunction, systemClock, type Call, type Clock } from "@breakwater/core";
import { Health, strictThresholds, type HealthOptions } from "@breakwater/health";
import { ConcurrencyLimiter } from "@breakwater/limiter";
import { Metrics } from "@breakwater/metrics";
import { pipeline, type Pipeline } from "@breakwater/middleware";
import { Measured } from "./measured.ts";
import { outcomeOfRequest, type ServiceOptions } from "./options.ts";
import { ResourceChain } from "./resource.ts";
import { ServiceHost } from "./service-host.ts";

/** A service that lacks only its handler. */
export interface ServiceBuilder<In, C extends Call, Raw = In> {
  /** Completes the service. The handler's input and call are what the middlewares made of them. */
  handle<Out>(handler: (input: In, call: C) => Promise<Out>): ServiceHost<Raw, Out>;
}

/**
 * Composes limiter, middleware, health, metrics and resources into a service; `handle` completes it.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function createService<In, C extends Call = Call, Raw = In>(options: ServiceOptions<In, C, Raw> = {}): ServiceBuilder<In, C, Raw> {
  const { name = "service", clock = systemClock, classify = outcomeOfRequest } = options;
  checkFunction("classify", classify);
  const metrics = options.metrics ?? new Metrics({ clock });
  const limiter = limiterOf(options.limiter, name, clock, metrics);
  const health = healthOf(options.health, { name, clock, meter: metrics });
  const resources = new ResourceChain(options.resources ?? [], clock);
  const abort = new AbortController();
  const measured = new Measured({ clock, metrics, health, classify, service: name, stop: abort.signal });
  return {
    handle: (handler) => {
      checkFunction("handler", handler);
      const served = (options.middleware ?? plain<In, C, Raw>()).handle(handler);
      const entry = limiter.layer(measured.layer(served));
      return new ServiceHost({ name, clock, limiter, health, metrics, measured, resources, entry, abort });
    },
  };
}

/** A service's own thresholds are the strict ones: what it answers is its own doing, and the rest is refused before. */
function healthOf(given: ServiceOptions<never, Call>["health"] = {}, own: Pick<HealthOptions, "name" | "clock" | "meter">): Health {
  const { degradedRatio = strictThresholds.degradedRatio, unhealthyRatio = strictThresholds.unhealthyRatio } = given;
  return new Health({ ...given, degradedRatio, unhealthyRatio, ...own });
}

function limiterOf(
  given: ServiceOptions<never, Call>["limiter"],
  name: string,
  clock: Clock,
  metrics: Metrics,
): ConcurrencyLimiter {
  // By its shape: a limiter of another copy of the package is one as well.
  if (given !== undefined && "layer" in given) return given;
  return new ConcurrencyLimiter({ limit: Infinity, name, clock, meter: metrics, ...given });
}

// Without middleware nothing changes the input or widens the call: Raw is In and C is Call, which only the caller of createService knows.
const plain = <In, C extends Call, Raw>(): Pipeline<In, C, Raw> => pipeline<In>() as unknown as Pipeline<In, C, Raw>;
