import type { Context, Env, Input } from "hono";
import { FetchFront } from "../fetch/fetch-front.ts";
import type { FetchOptions } from "../fetch/fetch-options.ts";
import type { FetchRequest } from "../fetch/fetch-request.ts";
import type { ServiceLike } from "../front/service-like.ts";

/** `decode` gets hono's context as its second argument. Without it the request has what matched no more than `request.path`. */
export type HonoOptions<In, Out, E extends Env = Env, Path extends string = string, I extends Input = object> = FetchOptions<In, Out, Context<E, Path, I>>;

/**
 * A service as a handler of hono, with the answers of `fetchHandler`. It never rejects, so hono's `onError` does not hear of it;
 * the option of that name does. A body that an earlier middleware has read is read again out of hono's cache.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function honoHandler<In = FetchRequest, Out = unknown, E extends Env = Env, Path extends string = string, I extends Input = object>(
  service: ServiceLike<In, Out>,
  options: HonoOptions<In, Out, E, Path, I> = {},
): (context: Context<E, Path, I>) => Promise<Response> {
  // `decode` makes the In that the service reads, and without one In is the request; `encode` gets what the service answers.
  const front = new FetchFront(service as ServiceLike<unknown, unknown>, options as FetchOptions<unknown, unknown, Context<E, Path, I>>);
  return (context) => front.respond(context.req.raw, context, () => context.req.arrayBuffer());
}
