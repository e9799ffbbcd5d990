import { Breaker } from "@breakwater/breaker";
import { Metrics } from "@breakwater/metrics";
import { authentication, logging, pipeline, requestId } from "@breakwater/middleware";
import { createService, type ServiceHost } from "@breakwater/service";
import type { Arguments } from "./arguments.ts";
import { BreakerLog } from "./breaker-log.ts";
import { countedByOutcome } from "./counted.ts";
import type { Dependencies } from "./dependencies.ts";
import type { Subject } from "./performance-test.ts";
import { chooseFailing } from "./random.ts";
import { sortFailures } from "./failures.ts";
import { makeReport, type Observed } from "./report.ts";
import { SilentLogger } from "./silent-logger.ts";
import { simulated } from "./simulated.ts";
import { inMilliseconds } from "./times.ts";
import { breakMs, trip } from "./trip.ts";
import { validToken, type Answer, type Request } from "./workload.ts";

/** The faithful test: one service in this process, whose dependencies are timers. */
export function timers({ requests, workers, failRate, seed }: Arguments): Subject {
  const metrics = new Metrics();
  const failing = chooseFailing(requests, failRate, seed);
  const dependencies = simulated({ workers, failing, meter: metrics });
  const breaker = new Breaker({ name: "external-api", trip, breakMs, meter: metrics });
  const log = new BreakerLog(breaker);
  const logger = new SilentLogger();
  const service = composeService({ requests, workers, metrics, dependencies, breaker, logger });
  return {
    service,
    begin: () => log.start(),
    report: (args, burst) => {
      const observed = { ...observe(service, dependencies), breaker: { state: breaker.state, steps: log.steps }, logLines: logger.count };
      return makeReport(args, burst, { ...observed, failures: sortFailures(burst.errors, args.failRate > 0) });
    },
  };
}

interface Parts {
  readonly requests: number;
  readonly workers: number;
  readonly metrics: Metrics;
  readonly dependencies: Dependencies;
  readonly breaker: Breaker;
  readonly logger: SilentLogger;
}

/** Composes the service of the test: admission, logging, authentication, database, breaker, external API. */
function composeService({ requests, workers, metrics, dependencies, breaker, logger }: Parts): ServiceHost<Request, Answer> {
  const middleware = pipeline<Request>()
    .use(requestId())
    .use(logging({ logger }))
    .use(authentication({ credentials: (request) => request.token, verify: (token) => token === validToken || undefined }));
  return createService({
    name: "performance-test",
    limiter: { limit: workers, queueLimit: requests },
    middleware,
    metrics,
    resources: dependencies.resources,
  }).handle(async (request, call): Promise<Answer> => {
    const data = await dependencies.query(request, call);
    const external = await breaker.run((inner) => dependencies.callApi(request, inner), call);
    return { status: "success", data, external, processedAt: new Date().toISOString() };
  });
}

function observe(service: ServiceHost<Request, Answer>, dependencies: Dependencies): Omit<Observed, "breaker" | "logLines" | "failures"> {
  const { status, errorRate, reason } = service.health.report;
  const snapshot = service.metrics.snapshot();
  return {
    dependencies: dependencies.description,
    health: { status, errorRate, reason },
    serviceTime: inMilliseconds(service.responseTimes.service.lifetime),
    sojournTime: inMilliseconds(service.responseTimes.sojourn.lifetime),
    connections: dependencies.connections(),
    metrics: {
      requests: countedByOutcome(snapshot, "breakwater.service.requests", ["service", service.name]),
      apiCalls: countedByOutcome(snapshot, "breakwater.breaker.calls", ["name", "external-api"]),
    },
  };
}
