import { checkFunction, describeLayer, noCall, type Call, type LayerDescription, type Service } from "@breakwater/core";
import type { GuardOrProvider } from "./layer-facts.ts";
import { turn } from "./turn.ts";

declare const adds: unique symbol;

/** The answer of what is further in, whatever that is. It can be awaited, looked at as unknown, and returned; not made. */
export interface Answer<Adds extends object = object> {
  /** Never there. It says what was added to the call on the way in. */
  readonly [adds]: (added: Adds) => Adds;
}

/** Goes on inward: with the call as it is, or with more in it. */
export interface Next {
  (): Promise<Answer>;
  <Adds extends object>(adds: Adds): Promise<Answer<Adds>>;
}

/** A middleware as one function: what comes before `next()` runs on the way in, what comes after `await next()` on the way out. */
export type OnionFunction<Adds extends object, Needs extends Call, In> = (input: In, call: Needs, next: Next) => Promise<Answer<Adds>>;

export interface OnionOptions extends Omit<LayerDescription, "kind" | "layers"> {
  /** What it is, e.g. `tenant`. Default: the function's name. */
  readonly kind?: string | undefined;
  /** It may call `next` again, as a retry does, or go without waiting for it. Default false. */
  readonly isReentrant?: boolean | undefined;
  /** Warn, once, when it returns before what is further in has settled. Default: unless `NODE_ENV` is `production`. */
  readonly detectsForgotten?: boolean | undefined;
}

/** A layer of an onion function: a guard where it adds nothing, needs nothing and reads nothing. */
export type OnionLayer<Adds extends object, Needs extends Call, In> = GuardOrProvider<Adds, Needs, In>;

/**
 * A layer from one function `(input, call, next)`. It must return what `next` answers, or throw: the compiler sees to that. What
 * it hands to `next` is added to the call further in, and known to the handler's type.
 *
 * `next` goes inward once: a second time it rejects with {@link NextError}, unless `isReentrant`, and so it does after the
 * function has returned. Each call costs the function, a closure for `next` and their promises; a layer written as
 * `(next) => (input, call) => next(input, call)` costs none of these.
 *
 * @throws TypeError naming the option and the value.
 */
export function onion<Adds extends object = object, Needs extends Call = Call, In = unknown>(
  run: OnionFunction<Adds, Needs, In>,
  options: OnionOptions = {},
): OnionLayer<Adds, Needs, In> {
  checkFunction("run", run);
  const { isReentrant = false, detectsForgotten = isDevelopment(), ...order } = options;
  const kind = options.kind ?? (run.name === "" ? "onion" : run.name);
  const rules = { kind, isReentrant, detectsForgotten: detectsForgotten && !isReentrant, hasWarned: false };
  const layer =
    <Out>(next: Service<In, Out, Needs>): Service<In, Out, Needs> =>
    // JavaScript may leave the call out.
    (input, call = noCall as Needs) =>
      turn(rules, run as never, next, input, call); // it answers what its `next` does, whose answers are Outs
  // The types say what it is; here it is one function for all of them.
  return describeLayer(layer, { ...order, kind }) as unknown as OnionLayer<Adds, Needs, In>;
}

function isDevelopment(): boolean {
  return typeof process !== "object" || process.env.NODE_ENV !== "production";
}
