import { checkFunction, describeLayer, noCall, type Call, type Layer, type Service } from "@breakwater/core";
import { NextError } from "./errors.ts";

/** What koa-style middlewares share during one call. They may put more on it. */
export interface KoaContext<In, Out, C extends Call = Call> {
  input: In;
  call: C;
  /** What the call is answered with. Set by what is further in, unless a middleware answers itself. */
  output: Out | undefined;
  [property: string]: unknown;
}

/** A middleware as koa takes them. `next()` resolves to what the following middleware returned, once all further in is done. */
export type KoaMiddleware<Context> = (context: Context, next: () => Promise<unknown>) => unknown;

/**
 * A layer of koa-style middlewares `(context, next)`. How it works.
 *
 * They are composed as koa-compose composes them: each is told to go on by the one before it, a throw is a rejection, one that
 * does not call `next` ends the way there, and a second `next()` of the same one rejects, in production too. Behind the last one
 * is the service: it gets `context.input` and `context.call` as they are by then, and sets `context.output`. On the way out they
 * may replace it; what it is at the end is the answer. Each call has a context and positions of its own.
 *
 * Use it for middlewares that exist. New ones are layers: the compiler cannot see what a context holds, and each costs a closure
 * and two promises a call.
 *
 * @throws TypeError naming the middleware that is no function.
 */
export function koa<In, Out, C extends Call = Call>(
  ...middlewares: readonly KoaMiddleware<KoaContext<In, Out, C>>[]
): Layer<Service<In, Out, C>> {
  middlewares.forEach((middleware, index) => checkFunction(`middlewares[${index}]`, middleware));
  const layer: Layer<Service<In, Out, C>> = (next) => async (input, call = noCall as C) => { // JavaScript may leave it out
    const context: KoaContext<In, Out, C> = { input, call, output: undefined };
    const end = async (): Promise<Out> => (context.output = await next(context.input, context.call));
    await dispatch(middlewares, context, 0, end);
    return context.output as Out; // who answers nothing, answers undefined
  };
  return describeLayer(layer, { kind: "koa", name: middlewares.map(({ name }) => (name === "" ? "middleware" : name)).join(", ") });
}

/** From that middleware on. An async function, so that a throw is a rejection. */
async function dispatch<Context>(
  middlewares: readonly KoaMiddleware<Context>[],
  context: Context,
  index: number,
  end: () => Promise<unknown>,
): Promise<unknown> {
  const middleware = middlewares[index];
  if (middleware === undefined) return end();
  let hasGone = false;
  return middleware(context, () => {
    if (hasGone) return Promise.reject(new NextError(middleware.name === "" ? `middleware ${index}` : middleware.name, "again"));
    hasGone = true;
    return dispatch(middlewares, context, index + 1, end);
  });
}
