import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { checkFunction } from "@breakwater/core";
import { createHttpServer, type HttpServer } from "./http-server.ts";
import { jsonReply, reply, type HttpReply } from "../front/reply.ts";
import type { HttpRequest } from "./request.ts";
import { httpRoute, type HttpRoute } from "./route.ts";
import type { HttpServerOptions } from "./server-options.ts";

/** What a probe is answered. `Health` of `@breakwater/health` answers so. */
export interface AdminProbeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Plain data. */
  readonly body: unknown;
}

/** `Health` of `@breakwater/health` is one. */
export interface AdminHealth {
  liveness(): AdminProbeAnswer;
  readiness(): AdminProbeAnswer;
  startup(): AdminProbeAnswer;
}

/** A scrape as `respond` of `@breakwater/metrics` takes it. */
export interface AdminScrape {
  readonly method: string;
  readonly headers: { get(name: string): string | null };
}

export interface AdminServerOptions {
  readonly health: AdminHealth;
  /** Answers `/metrics`, e.g. `(request) => respond(metrics, request)`. Default: there is no such path. */
  readonly metrics?: ((request: AdminScrape) => Response | PromiseLike<Response>) | undefined;
  /** Answers `/state` as JSON with what it returns, or a promise of it, e.g. `() => service.inspect()`. Default: there is no such path. */
  readonly inspect?: (() => unknown) | undefined;
  /** Stands in reports. Default `admin`. */
  readonly name?: string | undefined;
  /** Default 0, any free one. */
  readonly port?: number | undefined;
  /** Default `127.0.0.1`: what it tells is nobody's business outside. A kubelet asks from outside, and needs `0.0.0.0`. */
  readonly host?: string | undefined;
  /** For the server under it. */
  readonly http?: Omit<HttpServerOptions, "name" | "port" | "host"> | undefined;
}

/**
 * The listener for those who run the service: `/livez`, `/readyz`, `/startupz`, `/metrics` and `/state`, apart from the one for
 * its users.
 *
 * It has its own port so that an overload of the service does not keep a probe waiting in the same queue, and its own life: in
 * `drain` and `runUntilSignal` it is started first, so it is stopped last, and the drain itself can be watched.
 */
export class AdminServer {
  readonly name: string;
  readonly server: HttpServer;

  /** @internal */
  constructor({ health, metrics, inspect, name = "admin", port = 0, host = "127.0.0.1", http = {} }: AdminServerOptions) {
    const given = health as Partial<Record<keyof AdminHealth, unknown>> | undefined; // what JavaScript may pass
    for (const probe of ["liveness", "readiness", "startup"] as const) checkFunction(`health.${probe}`, given?.[probe]);
    if (metrics !== undefined) checkFunction("metrics", metrics);
    if (inspect !== undefined) checkFunction("inspect", inspect);
    this.name = name;
    const probes = { "/livez": () => health.liveness(), "/readyz": () => health.readiness(), "/startupz": () => health.startup() };
    const routes: Record<string, HttpRoute> = Object.fromEntries(Object.entries(probes).map(([path, ask]) => [path, probeRoute(ask)]));
    if (metrics !== undefined) routes["/metrics"] = metricsRoute(metrics);
    if (inspect !== undefined) routes["/state"] = stateRoute(inspect);
    this.server = createHttpServer(routes, { ...http, name, port, host });
  }

  get url(): string {
    return this.server.url;
  }

  async start(): Promise<void> {
    await this.server.start();
  }

  /** Ends what is in flight, and stops. It is for those who look on, so it waits for none of them for longer than a second. */
  stop({ graceMs = 1_000, abortMs = 0 }: { readonly graceMs?: number; readonly abortMs?: number } = {}): ReturnType<HttpServer["stop"]> {
    return this.server.stop({ graceMs: Math.min(graceMs, 1_000), abortMs });
  }

  force(): void {
    this.server.force();
  }
}

/**
 * Probes and metrics on a listener of their own.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function createAdminServer(options: AdminServerOptions): AdminServer {
  return new AdminServer(options);
}

const reading = { methods: ["GET"], body: "raw" } as const;

function probeRoute(ask: () => AdminProbeAnswer): HttpRoute {
  const serve = (): Promise<HttpReply> => {
    const { status, headers, body } = ask();
    return Promise.resolve(jsonReply(body, { status, headers }));
  };
  return httpRoute(serve, reading);
}

function stateRoute(inspect: () => unknown): HttpRoute {
  const serve = async (): Promise<HttpReply> => jsonReply((await inspect()) ?? null, { headers: { "cache-control": "no-store" } });
  return httpRoute(serve, reading);
}

function metricsRoute(metrics: NonNullable<AdminServerOptions["metrics"]>): HttpRoute {
  const serve = async ({ method, headers }: HttpRequest): Promise<HttpReply> => {
    const get = (name: string): string | null => {
      const value = headers[name];
      return typeof value === "string" ? value : (value?.join(", ") ?? null);
    };
    const response = await metrics({ method, headers: { get } });
    const fields = Object.fromEntries(response.headers);
    if (response.body === null) return reply(undefined, { status: response.status, headers: fields });
    // The global type and that of node:stream/web are one class.
    return reply(Readable.fromWeb(response.body as ReadableStream<Uint8Array>), { status: response.status, headers: fields });
  };
  return httpRoute(serve, reading);
}
