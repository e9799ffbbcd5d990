import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { Breaker } from "@breakwater/breaker";
import { createHttpServer, httpRoute, type HttpRequest } from "@breakwater/http/node";
import { createWebSocketFront } from "@breakwater/http/ws";
import { Metrics } from "@breakwater/metrics";
import { authentication, pipeline, requestId } from "@breakwater/middleware";
import { createService } from "@breakwater/service";
import fastify from "fastify";
import { Hono } from "hono";
import { WebSocketServer } from "ws";

/**
 * The servers that `bench http` asks, each in a process of its own, so that its work and the asker's do not stand in one line. All
 * answer the same JSON at `/hello`; ours does so behind a limiter, an id for each request, a token that is checked, and a breaker,
 * all of it measured. Over WebSocket each message comes back: as it is, or as the answer to a call.
 */
export type Served = keyof typeof servers | keyof typeof socketServers;

/** A connection between two rounds must not be closed. */
const keepAliveTimeout = 600_000;

const answer = (): Promise<{ hello: string }> => Promise.resolve({ hello: "world" });

const servers = {
  bare: () =>
    portOf(
      createServer({ keepAliveTimeout }, (_, response) => {
        void answer().then((value) => {
          const body = JSON.stringify(value);
          response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
          response.end(body);
        });
      }).listen(0, "127.0.0.1"),
    ),
  ours: async () => {
    const metrics = new Metrics();
    const breaker = new Breaker({ meter: metrics });
    const service = createService({
      limiter: { limit: 100, queueLimit: 1_000 },
      metrics,
      middleware: pipeline<HttpRequest>()
        .use(requestId({ read: ({ headers }) => (typeof headers["x-request-id"] === "string" ? headers["x-request-id"] : undefined) }))
        .use(authentication({ credentials: ({ headers }) => headers.authorization, verify: (token) => token === "Bearer s3cret" })),
    }).handle((_, call) => breaker.run(answer, call));
    await service.start();
    const server = createHttpServer({ "/hello": httpRoute(service) }, { meter: metrics, keepAliveTimeoutMs: keepAliveTimeout });
    return (await server.start()).port;
  },
  fastify: async () => {
    const app = fastify({ keepAliveTimeout });
    app.get("/hello", answer);
    await app.listen({ port: 0, host: "127.0.0.1" });
    return (app.server.address() as AddressInfo).port; // it listens on a port
  },
  hono: () => {
    const app = new Hono();
    app.get("/hello", async (context) => context.json(await answer()));
    return new Promise<number>((resolve) => {
      serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", serverOptions: { keepAliveTimeout } }, ({ port }) => resolve(port));
    });
  },
};

const socketServers = {
  bareSocket: () => {
    const server = createServer();
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    // As text, since text is what it answers.
    sockets.on("connection", (socket) => socket.on("message", (data: Buffer) => socket.send(data.toString())));
    return portOf(server.listen(0, "127.0.0.1"));
  },
  ourSocket: () => {
    const server = createServer();
    createWebSocketFront((input) => Promise.resolve(input), { meter: new Metrics() }).attach(server);
    return portOf(server.listen(0, "127.0.0.1"));
  },
};

function portOf(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve) => server.on("listening", () => resolve((server.address() as AddressInfo).port))); // it listens on a port
}

process.on("disconnect", () => process.exit());
process.send?.(await { ...servers, ...socketServers }[process.argv[2] as Served]()); // whoever starts this says which
