import type { Layer, Service } from "@breakwater/core";
import type { Context, Env, MiddlewareHandler } from "hono";
import { CallMaker, type CallOptions } from "../front/call-options.ts";
import { Failures, type FailureOptions } from "../front/failures.ts";
import { Arrival } from "../fetch/arrival.ts";
import { problemResponse } from "../fetch/problem-response.ts";

/**
 * A layer, a limiter's or a breaker's or a stack of them, round whatever hono serves below.
 *
 * What a handler throws hono has answered before the layer could see it; so the error is taken from the context, shown to the
 * layer, and hono's answer stays. What the layer itself refuses is answered as `fetchHandler` does. A handler is not asked twice: a
 * layer that repeats, such as a retry, belongs round a service, into `honoHandler`.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function honoMiddleware<E extends Env = Env>(
  layer: Layer<Service<Context<E>, void>>,
  options: CallOptions<Context<E>> & FailureOptions = {},
): MiddlewareHandler<E> {
  const calls = new CallMaker<Context<E>>(options);
  const failures = new Failures(options);
  const nexts = new WeakMap<Context<E>, () => Promise<void>>();
  const guarded = layer(async (context) => {
    const next = nexts.get(context);
    if (next === undefined) throw new Error("a handler of hono cannot be asked twice");
    nexts.delete(context);
    await next();
    if (context.error !== undefined) throw context.error;
  });
  const headerOf = ({ req }: Context<E>, name: string): string | undefined => req.header(name);
  return async (context, next) => {
    const arrival = new Arrival(context.req.raw);
    nexts.set(context, next);
    try {
      await guarded(context, calls.make(arrival, context, headerOf));
    } catch (error) {
      if (context.error !== undefined && error === context.error) return;
      context.res = problemResponse(error, failures, arrival);
    } finally {
      arrival.release();
    }
  };
}
