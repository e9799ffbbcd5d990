import { describeLayer, descriptionOf, type Guard, type Layer, type Service } from "@breakwater/core";
import { LayerOrder } from "./order.ts";
import type { AnyProvider, Fitting, Stacked } from "./stacked.ts";

/**
 * Composes layers, outermost first: `stack(a, b, c)(service)` is `a(b(c(service)))`. What a request meets first stands
 * first. Built once: a call passes through the layers' own functions and nothing else, so the stack itself is free.
 *
 * The order changes numbers, not only style: a retry of 3 around a limiter of 10 asks for a slot up to three times, and
 * waits in line each time; the limiter around the retry holds one slot for all three attempts.
 *
 * Layers can say what must stand outside or inside them, see `describeLayer` in core.
 *
 * @throws TypeError for what is no function, and naming two layers that stand in the wrong order; when it is put round a service
 * too, if a layer needs another one that is not there.
 */
export function stack(...guards: readonly Guard[]): Guard;
export function stack<Layers extends readonly (Guard | AnyProvider)[]>(
  ...layers: Layers & Fitting<Layers>
): Stacked<Layers>;
export function stack<A, B>(a: Layer<A, B>): Layer<A, B>;
export function stack<A, B, C>(a: Layer<B, C>, b: Layer<A, B>): Layer<A, C>;
export function stack<A, B, C, D>(a: Layer<C, D>, b: Layer<B, C>, c: Layer<A, B>): Layer<A, D>;
export function stack<A, B, C, D, E>(a: Layer<D, E>, b: Layer<C, D>, c: Layer<B, C>, d: Layer<A, B>): Layer<A, E>;
export function stack<A, B, C, D, E, F>(
  a: Layer<E, F>,
  b: Layer<D, E>,
  c: Layer<C, D>,
  d: Layer<B, C>,
  e: Layer<A, B>,
): Layer<A, F>;
export function stack<A, B, C, D, E, F, G>(
  a: Layer<F, G>,
  b: Layer<E, F>,
  c: Layer<D, E>,
  d: Layer<C, D>,
  e: Layer<B, C>,
  f: Layer<A, B>,
): Layer<A, G>;
export function stack<A, B, C, D, E, F, G, H>(
  a: Layer<G, H>,
  b: Layer<F, G>,
  c: Layer<E, F>,
  d: Layer<D, E>,
  e: Layer<C, D>,
  f: Layer<B, C>,
  g: Layer<A, B>,
): Layer<A, H>;
export function stack<A, B, C, D, E, F, G, H, I>(
  a: Layer<H, I>,
  b: Layer<G, H>,
  c: Layer<F, G>,
  d: Layer<E, F>,
  e: Layer<D, E>,
  f: Layer<C, D>,
  g: Layer<B, C>,
  h: Layer<A, B>,
): Layer<A, I>;
export function stack<A, B, C, D, E, F, G, H, I, J>(
  a: Layer<I, J>,
  b: Layer<H, I>,
  c: Layer<G, H>,
  d: Layer<F, G>,
  e: Layer<E, F>,
  f: Layer<D, E>,
  g: Layer<C, D>,
  h: Layer<B, C>,
  i: Layer<A, B>,
): Layer<A, J>;
export function stack<A, B, C, D, E, F, G, H, I, J, K>(
  a: Layer<J, K>,
  b: Layer<I, J>,
  c: Layer<H, I>,
  d: Layer<G, H>,
  e: Layer<F, G>,
  f: Layer<E, F>,
  g: Layer<D, E>,
  h: Layer<C, D>,
  i: Layer<B, C>,
  j: Layer<A, B>,
): Layer<A, K>;
// Where the overloads above cannot infer what is between two layers, as with a guard inside a layer with types of its own.
export function stack<Layers extends readonly Layer<never, unknown>[]>(
  ...layers: Layers & Fitting<Layers>
): Stacked<Layers>;
// The overloads say which layer fits which; here they are only applied. A rest parameter is a list of our own, so nobody
// can change it later.
export function stack(...layers: readonly Layer<never, unknown>[]): Layer<never, unknown> {
  layers.forEach((layer, index) => {
    if (typeof layer !== "function") throw new TypeError(`layer ${index} must be a function, got ${typeof layer}`);
  });
  const order = new LayerOrder(layers);
  order.check();
  const flat = layers.flatMap(flatten);
  const composed = (inner: never): unknown => {
    order.checkNeeds();
    return wound(flat, inner);
  };
  Object.defineProperty(composed, members, { value: flat });
  return describeLayer(composed, { kind: "stack", layers: layers.map(descriptionOf) });
}

// What stands round a nested stack is known to the outer one alone, so it asks for the layers and not for the stack. All copies
// of this module share the symbol.
const members = Symbol.for("@breakwater/stack");

/** Of a stack its layers, stacks in it dissolved. */
function flatten(layer: Layer<never, unknown>): readonly Layer<never, unknown>[] {
  const { [members]: layers } = layer as { readonly [members]?: readonly Layer<never, unknown>[] }; // a function that may have it
  return layers ?? [layer];
}

/** As if the layer stood in the stack that is round this one, which has checked what it needs. */
export function within<Inner, Outer>(layer: Layer<Inner, Outer>): Layer<Inner, Outer> {
  return (inner) => wound(flatten(layer), inner) as Outer; // what the layer makes of it
}

function wound(layers: readonly Layer<never, unknown>[], inner: unknown): unknown {
  return layers.reduceRight<unknown>((next, layer, index) => {
    const outer = layer(next as never); // what fits which was checked by the overloads
    return index > 0 && index % layersPerTurn === 0 ? unwound(outer as Service<unknown, unknown>) : outer;
  }, inner);
}

/**
 * Nested functions use the platform's call stack, and 10,000 ordinary async layers exhaust it. So a call goes on with an
 * empty one after so many layers: V8's megabyte then leaves each layer some 4 kB, ten times what one takes. A stack
 * that is shorter, as all but generated ones are, has no such step.
 */
const layersPerTurn = 256;

// More layers than the overloads for other kinds take: these are guards and providers, and wrap services.
function unwound(service: Service<unknown, unknown>): Service<unknown, unknown> {
  return (input, call) => Promise.resolve().then(() => service(input, call));
}
