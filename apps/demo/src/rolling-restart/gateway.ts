import type { Balancer } from "@breakwater/balancer";
import { resilientFetch } from "@breakwater/http/client";
import { createHttpServer, httpRoute, reply, type HttpReply, type HttpRequest, type HttpServer } from "@breakwater/http/node";
import type { Call } from "@breakwater/core";
import { exponential } from "@breakwater/retry";

const toService = ["authorization", "content-type", "idempotency-key"] as const;
const toClient = ["content-type", "retry-after"] as const;

/**
 * The one address that HTTP clients know. It hands each request on to a process that the balancer chooses, with the caller's signal
 * and deadline, and once more to another where that may be done.
 */
export class Gateway {
  readonly #server: HttpServer;
  readonly #send: ReturnType<typeof resilientFetch>;

  constructor(balancer: Balancer<string>, deadlineMs: number) {
    this.#send = resilientFetch({ name: "gateway", balancer, deadlineMs, timeoutCovers: "body", retry: { backoff: exponential({ initialMs: 10 }) } });
    const route = httpRoute((request: HttpRequest, call: Call) => this.#forward(request, call), { methods: ["GET", "POST"], body: "bytes" });
    this.#server = createHttpServer(() => route, { name: "gateway" });
  }

  get url(): string {
    return this.#server.url;
  }

  /** How many requests it sent a second time. */
  get retries(): number {
    return this.#send.stats.retries;
  }

  async start(): Promise<void> {
    await this.#server.start();
  }

  async stop(): Promise<void> {
    await this.#server.stop({ lameDuckMs: 0, graceMs: 500 });
  }

  async #forward(request: HttpRequest, call: Call): Promise<HttpReply> {
    const headers = Object.fromEntries(toService.flatMap((name) => stringOf(name, request.headers[name])));
    const body = request.body instanceof Uint8Array ? new Uint8Array(request.body) : null;
    const response = await this.#send(request.url, { method: request.method, headers, body, call });
    const fields = Object.fromEntries(toClient.flatMap((name) => stringOf(name, response.headers.get(name))));
    return reply(new Uint8Array(await response.arrayBuffer()), { status: response.status, headers: fields });
  }
}

function stringOf(name: string, value: unknown): [string, string][] {
  return typeof value === "string" ? [[name, value]] : [];
}
