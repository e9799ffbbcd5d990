import type { Layer, Service } from "@breakwater/core";
import type { Facts, FactsOf, Joined, LayerOf, NoFacts, Told } from "./layer-facts.ts";
import type { Widened } from "./layer-shapes.ts";

/**
 * What layers are together, worked out from the outermost inward.
 *
 * The compiler cannot find this by itself: it reads arguments from left to right, and what an outer layer wraps is only
 * known from the inner one. So what each layer says about itself is added up instead: what it adds (the inner one's replaces the
 * outer one's under the same name), what it needs (less what was added further out), which input it reads and which it hands
 * on, and what it may answer itself. Once there is a layer with types of its own, those are followed. Where two do not fit, it
 * is `never`.
 */
export type Stacked<Layers extends readonly unknown[]> = Layers extends readonly [infer Only]
  ? FactsOf<Only> extends Facts
    ? StackedFrom<NoFacts, Layers>
    : Only // generic as it is
  : StackedFrom<NoFacts, Layers>;

/** The rest of a stack, inside layers of which this is known. */
type StackedFrom<Round extends Facts, Layers extends readonly unknown[]> = [Round] extends [never]
  ? never
  : Layers extends readonly [infer Head, ...infer Rest]
    ? FactsOf<Head> extends infer Own extends Facts
      ? StackedFrom<Joined<Round, Own>, Rest>
      : Head extends Layer<infer Inner, infer Outer>
        ? StackedWithin<Rest, Inner, Provided<Outer, Round>>
        : never
    : Layers extends readonly []
      ? LayerOf<Round>
      : never;

/** The rest of a stack, inside a layer that wraps `Inner` and makes, with what is round it, `Outer`. */
type StackedWithin<Layers extends readonly unknown[], Inner, Outer> = [Inner] extends [never]
  ? never
  : [Outer] extends [never]
    ? never
    : Layers extends readonly [infer Head, ...infer Rest]
      ? FactsOf<Head> extends infer Own extends Facts
        ? StackedWithin<Rest, Supplied<Inner, Own>, Outer>
        : Head extends Layer<infer Innermost, infer Made>
          ? StackedWithin<Rest, Made extends Inner ? Innermost : never, Outer>
          : never
      : Layer<Inner, Outer>;

/** A function from anything to anything. */
export type AnyLayer = Layer<never, unknown>;

/**
 * What layers must be besides layers: nothing when they fit, something that they are not when they do not. Of the list of all
 * lists nothing is asked: with it the compiler begins, before it knows the layers.
 */
export type Fitting<Layers extends readonly unknown[]> = readonly AnyLayer[] extends Layers
  ? unknown
  : [Stacked<Layers>] extends [never]
    ? { readonly "~misfit": "a layer does not fit what is round it" }
    : unknown;

// What a service is, seen from outside these layers.
type Provided<Outer, Round extends Facts> =
  Outer extends Service<infer Reads, infer Out, infer C>
    ? [Reads, Round["parsed"]] extends [Round["reads"], readonly []] | [unknown, readonly [unknown]]
      ? ServiceOf<Joined<Round, Told<object, C, Reads>>, Out>
      : never
    : never;

type ServiceOf<F extends Facts, Out> = [F] extends [never] ? never : Service<F["reads"], Out | F["answers"], F["needs"]>;

// What a layer wraps when it has to make `Inner`.
type Supplied<Inner, Own extends Facts> =
  Inner extends Service<infer In, infer Out, infer C>
    ? [In, C, Own["answers"]] extends [Own["reads"], Own["needs"], Out]
      ? Service<Own["parsed"] extends readonly [infer Parsed] ? Parsed : In, Out, Widened<C, Own["adds"]>>
      : never
    : never;
