export { honoHandler, type HonoOptions } from "./hono/hono-handler.ts";
export { honoMiddleware } from "./hono/hono-middleware.ts";
