/**
 * A process of the service: HTTP and WebSocket in front, probes, metrics and state on a listener of their own. It tells its parent
 * where it listens, drains when it gets a SIGTERM, and dies with its parent.
 */
import { createAdminServer, createHttpServer, runUntilSignal, type Part, type RunReport } from "@breakwater/http/node";
import { createWebSocketFront } from "@breakwater/http/ws";
import { Metrics, respond } from "@breakwater/metrics";
import { SilentLogger } from "../silent-logger.ts";
import { composeNetworkService } from "./compose-service.ts";
import type { ServiceMessage, ServiceState } from "./messages.ts";
import type { SocketInput } from "./operations.ts";
import { readConfig } from "./service-config.ts";
import { httpRoutes, readSocketInput, serveSocket } from "./wire.ts";
import { paths } from "./wire-paths.ts";

const tell = (message: ServiceMessage, sent?: () => void): void => {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
  else sent?.();
};

process.on("disconnect", () => process.exit(1));
// A terminal sends Ctrl-C to the whole group; the parent decides when this process ends.
process.on("SIGINT", () => undefined);

const config = readConfig();
const metrics = new Metrics();
const logger = new SilentLogger();
const service = composeNetworkService(config, metrics, logger, tell);
const http = createHttpServer(httpRoutes(service), { meter: metrics });
const sockets = createWebSocketFront((message: SocketInput, call) => serveSocket(service, message, call), {
  path: paths.socket,
  decode: readSocketInput,
  maxInFlight: config.queueLimit + config.workers, // all come over few connections; the service's own limit is what holds them back
  meter: metrics,
});
sockets.attach(http);
const inspect = (): ServiceState => ({ service: service.inspect(), metrics: metrics.snapshot(), logLines: logger.count });
const admin = createAdminServer({ health: service.health, metrics: (request) => respond(metrics, request), inspect });
const announcement: Part = {
  name: "announcement",
  start: () => {
    tell({ type: "listening", url: http.url, adminUrl: admin.url });
    return undefined;
  },
  stop: () => Promise.resolve(),
};

let report: RunReport | undefined;
await runUntilSignal([admin, service, http, announcement], {
  signals: ["SIGTERM"],
  lameDuckMs: config.lameDuckMs,
  graceMs: 5_000,
  done: (ended) => (report = ended),
  // The message must be out before the process ends.
  exit: (code) => tell({ type: "stopped", error: textOf(report?.error), forced: forcedOf(report) }, () => process.exit(code)),
});

function textOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  return error instanceof Error ? error.message : `it threw a ${typeof error}`;
}

function forcedOf(ended: RunReport | undefined): string[] {
  return (ended?.drain?.parts ?? []).filter(({ outcome }) => outcome !== "drained").map(({ name, outcome }) => `${name} ${outcome}`);
}
