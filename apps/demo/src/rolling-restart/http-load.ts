import autocannon from "autocannon";
import { paths } from "../network/wire-paths.ts";
import { productCount } from "../network/operations.ts";
import { validToken } from "../workload.ts";

/** What the HTTP clients saw. */
export interface HttpLoadReport {
  readonly requests: number;
  /** Answers that were none of 2xx. */
  readonly refused: number;
  /** No answer: a connection that broke, or a time that ran out. */
  readonly broken: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Autocannon: connections that stay open, each asking again when it is answered; every other request is an order, the rest are products. */
export class HttpLoad {
  readonly #instance: autocannon.Instance;
  readonly #result: Promise<autocannon.Result>;

  constructor(url: string, connections: number) {
    const authorization = `Bearer ${validToken}`;
    let asked = 0;
    const order = (request: autocannon.Request): autocannon.Request => {
      asked += 1;
      const headers = { authorization, "content-type": "application/json", "idempotency-key": `order-${asked}` };
      return { ...request, headers, body: JSON.stringify({ id: asked, data: `request_${asked}`, product: asked % productCount }) };
    };
    let instance: autocannon.Instance | undefined;
    this.#result = new Promise((resolve, reject) => {
      instance = autocannon(
        {
          url,
          connections,
          duration: 86_400, // until it is stopped
          requests: [
            { method: "POST", path: paths.orders, setupRequest: order },
            { method: "GET", path: `${paths.products}?id=1`, headers: { authorization } },
          ],
        },
        (error: unknown, result) => {
          if (error === null || error === undefined) resolve(result);
          else reject(error instanceof Error ? error : new Error("autocannon gave up", { cause: error }));
        },
      );
    });
    this.#result.catch(() => undefined); // heard by whoever stops it
    if (instance === undefined) throw new Error("bug: a promise's function runs at once");
    this.#instance = instance;
  }

  async stop(): Promise<HttpLoadReport> {
    this.#instance.stop();
    const { requests, non2xx, errors, timeouts, latency } = await this.#result;
    return { requests: requests.total, refused: non2xx, broken: errors + timeouts, p50Ms: latency.p50, p99Ms: latency.p99, maxMs: latency.max };
  }
}
