import type { Metrics } from "@breakwater/metrics";
import { authentication, logging, pipeline, requestId, type Logger } from "@breakwater/middleware";
import { createService } from "@breakwater/service";
import { validToken } from "../workload.ts";
import { Database } from "./database.ts";
import { ExternalApi } from "./external-api.ts";
import type { BreakerState, Guarded, Tell } from "./messages.ts";
import type { Note, NoteAnswer, Order, OrderAnswer, ProductAnswer, ProductQuestion } from "./operations.ts";
import { Products } from "./products.ts";
import type { ServiceConfig } from "./service-config.ts";

/** What the middleware reads of every input. */
interface Credentials {
  readonly token?: string | undefined;
}

/** The service of the performance test as one process of several has it: its operations, over what stands behind them. */
export function composeNetworkService(config: ServiceConfig, metrics: Metrics, logger: Logger, tell: Tell) {
  const database = new Database(config, metrics);
  const api = new ExternalApi(config, metrics);
  const products = new Products(config, database, metrics);
  tellOfBreakers(database, api, products, tell);
  const { timeoutMs } = config;
  return createService({
    name: "orders",
    metrics,
    limiter: { limit: config.workers, queueLimit: config.queueLimit },
    middleware: pipeline<Credentials>()
      .use(requestId())
      .use(logging({ logger }))
      .use(authentication({ credentials: ({ token }) => token, verify: (token) => token === validToken || undefined })),
    resources: [
      { name: "postgres", dependsOn: [], start: () => database.pool.start(), stop: () => database.pool.close({ graceMs: 500 }) },
      { name: "redis", dependsOn: [], start: () => products.start(), stop: () => products.stop() },
    ],
    patterns: { postgres: database.pool, "postgres-breaker": database.breaker, "external-api": api.fetch, products: products.cache },
  }).operations((operation) => {
    const order = operation({ timeoutMs }, async (given: Order, call): Promise<OrderAnswer> => {
      const product = await products.get(given.product, call);
      const data = await database.order(given.data, call);
      const external = await api.call(given, call);
      return { status: "success", data, product, external, processedAt: new Date().toISOString() };
    });
    const product = operation({ timeoutMs }, async (question: ProductQuestion, call): Promise<ProductAnswer> => {
      return { product: await products.get(question.product, call) };
    });
    const note = operation({ timeoutMs }, async ({ id }: Note, call): Promise<NoteAnswer> => {
      await database.note(id, call);
      return { id };
    });
    return { order, product, note };
  });
}

export type NetworkService = ReturnType<typeof composeNetworkService>;

function tellOfBreakers({ breaker: postgres }: Database, { fetch: api }: ExternalApi, { cache }: Products, tell: Tell): void {
  const saying = (name: Guarded, to: BreakerState) => (): void => tell({ type: "breaker", name, to });
  postgres.on("opened", saying("postgres", "open"));
  postgres.on("halfOpened", saying("postgres", "half-open"));
  postgres.on("closed", saying("postgres", "closed"));
  api.breaker?.on("opened", saying("external-api", "open"));
  api.breaker?.on("halfOpened", saying("external-api", "half-open"));
  api.breaker?.on("closed", saying("external-api", "closed"));
  cache.on("secondLevelPaused", saying("redis", "open"));
  cache.on("secondLevelResumed", saying("redis", "closed"));
}
