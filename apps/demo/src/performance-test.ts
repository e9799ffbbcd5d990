import { Breaker, countWindow } from "@breakwater/breaker";
import { Metrics } from "@breakwater/metrics";
import { authentication, logging, pipeline, requestId } from "@breakwater/middleware";
import { createService, type ServiceHost } from "@breakwater/service";
import { BreakerLog } from "./breaker-log.ts";
import type { Dependencies } from "./dependencies.ts";
import { SilentLogger } from "./silent-logger.ts";
import { validToken, type Answer, type Request } from "./workload.ts";

/** The service under test, with what the report reads besides. */
export interface Subject {
  readonly service: ServiceHost<Request, Answer>;
  readonly breaker: Breaker;
  readonly breakerLog: BreakerLog;
  readonly logger: SilentLogger;
  readonly dependencies: Dependencies;
}

/**
 * The breaker's times are the usual ones shrunk a thousandfold, 30 ms for 30 s, because the whole test takes less than a
 * second: with --fail-rate one sees it open, probe and close.
 */
const trip = countWindow({ size: 50, failureRatio: 0.15, minimumCalls: 20 });
const breakMs = 30;

/** Composes the service of the test: admission, logging, authentication, database, breaker, external API. */
export function composeService(
  requests: number,
  workers: number,
  metrics: Metrics,
  dependencies: Dependencies,
): Subject {
  const breaker = new Breaker({ name: "external-api", trip, breakMs, meter: metrics });
  const logger = new SilentLogger();
  const middleware = pipeline<Request>()
    .use(requestId())
    .use(logging({ logger }))
    .use(authentication({ credentials: (request) => request.token, verify: (token) => token === validToken || undefined }));
  const service = createService({
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
  return { service, breaker, breakerLog: new BreakerLog(breaker), logger, dependencies };
}

/** What became of the requests. */
export interface Burst {
  readonly elapsedMs: number;
  /** When each request was answered, in ms from the start. */
  readonly answeredAt: readonly number[];
  readonly errors: readonly unknown[];
}

/** Sends all requests at once and waits for all. */
export async function sendBurst(
  service: ServiceHost<Request, Answer>,
  count: number,
  onSettled: () => void,
): Promise<Burst> {
  const requests = Array.from({ length: count }, (_, id) => ({ id, data: `request_${id}`, token: validToken }));
  const answeredAt: number[] = [];
  const errors: unknown[] = [];
  const startedAt = performance.now();
  const send = async (request: Request): Promise<void> => {
    try {
      await service.process(request);
      answeredAt.push(performance.now() - startedAt);
    } catch (error) {
      errors.push(error);
    }
    onSettled();
  };
  await Promise.all(requests.map(send));
  return { elapsedMs: performance.now() - startedAt, answeredAt, errors };
}
