import type { Balancer } from "@breakwater/balancer";
import { resilientFetch, type ResilientFetch } from "@breakwater/http/client";
import { exponential } from "@breakwater/retry";
import { AnswerError } from "./fate.ts";
import type { Order, OrderAnswer, ProductAnswer, ProductQuestion } from "./operations.ts";
import { paths } from "./wire-paths.ts";

export interface ClientOptions {
  /** How long each request waits for its answer, whatever happens. */
  readonly deadlineMs: number;
  /** How many requests may be under way to each process at a time. */
  readonly limit: number;
  /** How many may wait for that. */
  readonly queueLimit: number;
}

/** The clients that speak HTTP. */
export class HttpClient {
  readonly fetch: ResilientFetch;

  constructor(balancer: Balancer<string>, { deadlineMs, limit, queueLimit }: ClientOptions) {
    this.fetch = resilientFetch({
      name: "orders",
      balancer,
      deadlineMs,
      timeoutMs: deadlineMs,
      timeoutCovers: "body",
      retry: { attempts: 2, backoff: exponential({ initialMs: 20 }) },
      limiter: { limit, queueLimit },
      // A process that says what it cannot do is there. That something behind it is gone is no reason to leave it alone.
      breaker: { breakMs: 500, classify: (result) => (result.status === "fulfilled" ? "success" : undefined) },
    });
  }

  async order({ token, ...order }: Order): Promise<OrderAnswer> {
    const headers = { "content-type": "application/json", "idempotency-key": `order-${order.id}`, ...bearer(token) };
    return read(await this.fetch(paths.orders, { method: "POST", headers, body: JSON.stringify(order) }));
  }

  async product({ product, token }: ProductQuestion): Promise<ProductAnswer> {
    return read(await this.fetch(`${paths.products}?id=${product}`, { headers: bearer(token) }));
  }
}

function bearer(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

async function read<T>(response: Response): Promise<T> {
  const body: unknown = await response.json().catch((error: unknown) => {
    if (response.ok) throw error;
    return {}; // an error that is no JSON has its status
  });
  if (!response.ok) throw new AnswerError(response.status, body as object); // problem details, or nothing
  return body as T; // what the operation answers
}
