import { describeLayer, descriptionOf, type Guard, type Layer, type LayerDescription, type Service } from "@breakwater/core";
import { LayerOrder } from "./order.ts";
import type { AnyLayer, Fitting, Stacked } from "./stacked.ts";

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
export function stack<Layers extends readonly AnyLayer[]>(...layers: Layers & Fitting<Layers>): Stacked<Layers>;
// The overloads say which layer fits which; here they are only applied. A rest parameter is a list of our own, so nobody
// can change it later.
export function stack(...layers: readonly AnyLayer[]): AnyLayer {
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
  return describeLayer(composed, { kind: "stack", layers: layers.flatMap(describedIn) });
}

/** Stacks in a stack are dissolved, so that one which grew layer by layer is as flat as any. */
function describedIn(layer: AnyLayer): readonly LayerDescription[] {
  const description = descriptionOf(layer);
  return description.kind === "stack" ? (description.layers ?? []) : [description];
}

// What stands round a nested stack is known to the outer one alone, so it asks for the layers and not for the stack. All copies
// of this module share the symbol.
const members = Symbol.for("@breakwater/stack");

/** Of a stack its layers, stacks in it dissolved. */
function flatten(layer: AnyLayer): readonly AnyLayer[] {
  const { [members]: layers } = layer as { readonly [members]?: readonly AnyLayer[] }; // a function that may have it
  return layers ?? [layer];
}

/** As if the layer stood in the stack that is round this one, which has checked what it needs. */
export function within<Inner, Outer>(layer: Layer<Inner, Outer>): Layer<Inner, Outer> {
  return (inner) => wound(flatten(layer), inner) as Outer; // what the layer makes of it
}

function wound(layers: readonly AnyLayer[], inner: unknown): unknown {
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

// What so many layers wrap are services.
function unwound(service: Service<unknown, unknown>): Service<unknown, unknown> {
  return (input, call) => Promise.resolve().then(() => service(input, call));
}
