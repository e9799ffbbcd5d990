/**
 * The server that is attacked, a process of its own: HTTP and WebSocket in front, and a listener for those who look on. It is given
 * how long the work of one request may take, tells its parent where it listens, and dies with it.
 */
import { createAdminServer, createHttpServer } from "@breakwater/http/node";
import { createWebSocketFront } from "@breakwater/http/ws";
import { Metrics } from "@breakwater/metrics";
import { clientOf, composeServer, readWork } from "./compose-server.ts";
import { limits, paths } from "./limits.ts";
import { MemoryWatch } from "./memory-watch.ts";
import type { ServerMessage, ServerState } from "./messages.ts";

process.on("disconnect", () => process.exit(0));
// A terminal sends Ctrl-C to the whole group; the parent decides when this process ends.
process.on("SIGINT", () => undefined);

const mostMishaps = 20;
const mishaps: string[] = [];
const note = (mishap: string): void => {
  if (mishaps.length < mostMishaps) mishaps.push(mishap);
};
process.on("warning", ({ name, message }) => note(`${name}: ${message}`));
const onError = (error: unknown): void => note(`500: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);

const { headersTimeoutMs, requestTimeoutMs, stalledTimeoutMs, checkIntervalMs, maxConnections } = limits;
const { maxInFlight, maxPayloadBytes, highWaterBytes, closeTimeoutMs } = limits;
const metrics = new Metrics({ maxSeries: limits.maxSeries });
const { service, work, routes, keys } = composeServer(metrics, Number(process.argv[2]));
const http = createHttpServer(routes, { headersTimeoutMs, requestTimeoutMs, stalledTimeoutMs, checkIntervalMs, maxConnections, onError, meter: metrics });
const sockets = createWebSocketFront(work, {
  path: paths.socket,
  upgrade: (request) => {
    clientOf(request); // who does not say is not let in
    return {};
  },
  decode: (input, request) => readWork(input, clientOf(request)),
  maxInFlight,
  maxPayloadBytes,
  highWaterBytes,
  stalledTimeoutMs,
  closeTimeoutMs,
  onError,
  meter: metrics,
});
sockets.attach(http);
const dropped: Record<string, number> = {};
sockets.on("dropped", ({ code }) => (dropped[code] = (dropped[code] ?? 0) + 1));

const memory = new MemoryWatch();
const inspect = (): ServerState => ({ ...memory.look(), http: http.stats, sockets: sockets.stats, dropped, keys: keys(), mishaps });
const admin = createAdminServer({ health: service.health, inspect });

await admin.start();
await service.start();
const { port } = await http.start();
memory.start();
const message: ServerMessage = { type: "listening", port, adminUrl: admin.url };
process.send?.(message);
