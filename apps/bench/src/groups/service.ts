import { Breaker } from "@breakwater/breaker";
import { Metrics } from "@breakwater/metrics";
import { authentication, pipeline, requestId } from "@breakwater/middleware";
import { createService } from "@breakwater/service";
import { verify, type Case } from "../candidate.ts";
import { caseName } from "../reference.ts";
import { BareSemaphore } from "./semaphore.ts";
import { byWorkers } from "./work.ts";

interface Request {
  readonly id: number;
  readonly token: string;
}

const request: Request = { id: 1, token: "valid_token" };
const external = async (): Promise<{ data: string }> => ({ data: "external_api_result" });

/** The performance test's service without its waits: what the service itself costs. */
async function composed() {
  const metrics = new Metrics();
  const breaker = new Breaker({ meter: metrics });
  const service = createService({
    limiter: { limit: 100, queueLimit: 1000 },
    metrics,
    middleware: pipeline<Request>()
      .use(requestId())
      .use(authentication({ credentials: ({ token }) => token, verify: (token) => token === request.token })),
  }).handle(async ({ id }, call) => ({ status: "success", id, external: await breaker.run(external, call) }));
  await service.start();
  const answer = await service.process(request);
  verify(answer.status === "success" && service.stats.succeeded === 1, "our service answers");
  return service;
}

const requests = (concurrency: number): Case => ({
  group: "service",
  name: caseName(concurrency),
  candidates: [
    {
      name: "a bare handler behind a bare semaphore",
      kind: "floor",
      prepare: () => {
        const semaphore = new BareSemaphore(100);
        const handler = async () => ({ status: "success", id: request.id, external: await external() });
        return (count) => byWorkers(concurrency, count, () => semaphore.run(handler));
      },
    },
    {
      name: "two middlewares, limiter, breaker, metrics, health",
      kind: "ours",
      prepare: async () => {
        const service = await composed();
        return (count) => byWorkers(concurrency, count, () => service.process(request));
      },
    },
  ],
});

export const serviceCases: readonly Case[] = [requests(1), requests(100), requests(1000)];
