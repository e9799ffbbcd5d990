import { checkFunction, type Service } from "@breakwater/core";
import { readRouteBounds, type BodyForm, type RouteBounds } from "../front/route-settings.ts";
import { serviceOf, type Processor, type ServiceLike } from "../front/service-like.ts";
import type { HttpReply } from "../front/reply.ts";
import type { HttpRequest } from "./request.ts";

export interface RouteOptions<In, Out> extends RouteBounds {
  /** The service's input. What it throws is answered as if the service had thrown it. Default: the request. */
  readonly decode?: ((request: HttpRequest) => In) | undefined;
  /** The answer. Default: a reply as it is, undefined as 204, anything else as JSON. */
  readonly encode?: ((out: Out, request: HttpRequest) => HttpReply) | undefined;
}

/** A service with how its requests are read and its answers written. Made by {@link httpRoute}. */
export class HttpRoute {
  readonly service: Service<unknown, unknown>;
  readonly methods: ReadonlySet<string>;
  /** For the `allow` of a 405. */
  readonly allow: string;
  readonly body: BodyForm;
  readonly maxBodyBytes: number;
  readonly decode: ((request: HttpRequest) => unknown) | undefined;
  readonly encode: ((out: unknown, request: HttpRequest) => HttpReply) | undefined;

  /** @internal */
  constructor(service: ServiceLike<unknown, unknown>, options: RouteOptions<unknown, unknown>) {
    const { decode, encode } = options;
    const { methods, allow, body, maxBodyBytes } = readRouteBounds(options);
    if (decode !== undefined) checkFunction("decode", decode);
    if (encode !== undefined) checkFunction("encode", encode);
    this.service = serviceOf(service);
    this.methods = methods;
    this.allow = allow;
    this.body = body;
    this.maxBodyBytes = maxBodyBytes;
    this.decode = decode;
    this.encode = encode;
  }
}

/**
 * A service as a route.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function httpRoute<In = HttpRequest, Out = unknown>(service: ServiceLike<In, Out>, options: RouteOptions<In, Out> = {}): HttpRoute {
  // `decode` makes the In that the service reads, and without one In is the request; `encode` gets what the service answers.
  return new HttpRoute(service as ServiceLike<unknown, unknown>, options as RouteOptions<unknown, unknown>);
}

/** Which route serves a request; undefined is a 404. Its body has not been read. */
export type Routing = (request: HttpRequest) => HttpRoute | undefined;

/** One service for everything, one route for everything, a route for each exact path, or a router of one's own. */
export type Routes = Processor<HttpRequest, unknown> | HttpRoute | Readonly<Record<string, HttpRoute>> | Routing;

/** @throws TypeError when it is nothing of that. */
export function routingOf(routes: Routes): Routing {
  if (typeof routes === "function") return routes;
  const given = routes as unknown; // what JavaScript may pass
  if (typeof given !== "object" || given === null) throw new TypeError(`routes must be a service, a route, routes by path or a function, got ${typeof given}`);
  if (routes instanceof HttpRoute) return () => routes;
  if ("process" in routes && typeof routes.process === "function") {
    const route = httpRoute(routes as Processor<HttpRequest, unknown>);
    return () => route;
  }
  return routingByPath(new Map(Object.entries(routes)));
}

function routingByPath(routes: ReadonlyMap<string, HttpRoute>): Routing {
  for (const [path, route] of routes) {
    if (!(route instanceof HttpRoute)) throw new TypeError(`routes["${path}"] must be made by httpRoute`);
  }
  return ({ path }) => routes.get(path);
}
