import type { ServiceLike } from "../front/service-like.ts";
import { FetchFront } from "./fetch-front.ts";
import type { FetchOptions } from "./fetch-options.ts";
import type { FetchRequest } from "./fetch-request.ts";

/**
 * A service as a fetch-style handler, as Deno, Bun, workers, hono and service workers take it. It never rejects.
 *
 * Errors, refusals, limits and deadlines are answered as `createHttpServer` does. The call's signal is aborted when the request's
 * is, or when the body of the answer is cancelled. How long a head or a body may take is for the server under it.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function fetchHandler<In = FetchRequest, Out = unknown>(
  service: ServiceLike<In, Out>,
  options: FetchOptions<In, Out> = {},
): (request: Request) => Promise<Response> {
  // `decode` makes the In that the service reads, and without one In is the request; `encode` gets what the service answers.
  const front = new FetchFront(service as ServiceLike<unknown, unknown>, options as FetchOptions<unknown, unknown>);
  return (request) => front.respond(request, undefined);
}
