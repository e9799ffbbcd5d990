export { createHttpServer, HttpServer } from "./node/http-server.ts";
export type { Attachment, HttpServerEvents, HttpServerStats, ServerState } from "./node/server-life.ts";
export type { HttpServerOptions } from "./node/server-options.ts";
export type { ServerStopReport, StopOptions } from "./node/stop-options.ts";
export type { BodyForm, RouteBounds } from "./front/route-settings.ts";
export { httpRoute, HttpRoute, type RouteOptions, type Routes, type Routing } from "./node/route.ts";
export type { HttpRequest } from "./node/request.ts";
export { HttpReply, jsonReply, reply, type ReplyHeaders, type ReplyOptions, type ReplyStream } from "./front/reply.ts";
export { drain, type DrainOptions, type DrainReport, type Part, type PartReport } from "./node/parts.ts";
export { runUntilSignal, type ProcessLike, type RunOptions, type RunReport } from "./node/run-until-signal.ts";
export {
  AdminServer,
  createAdminServer,
  type AdminHealth,
  type AdminProbeAnswer,
  type AdminScrape,
  type AdminServerOptions,
} from "./node/admin-server.ts";
