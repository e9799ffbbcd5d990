import type { Call, Guard, Layer, Overwrite, Provider, Service } from "@breakwater/core";

/**
 * What layers are together, worked out from the outermost inward.
 *
 * The compiler cannot find this by itself: it reads arguments from left to right, and what an outer layer wraps is only
 * known from the inner one. So what a provider says about itself is added up instead: what it adds (the inner one's
 * replaces the outer one's under the same name), what it needs (less what was added further out), and which input it
 * reads. Once there is a layer with types of its own, those are followed. Where two do not fit, it is `never`.
 */
export type Stacked<
  Layers extends readonly unknown[],
  Adds extends object = object,
  Needs extends Call = Call,
  In = unknown,
> = [Needs] extends [never]
  ? never
  : Layers extends readonly [infer Head, ...infer Rest]
    ? Head extends Guard
      ? Stacked<Rest, Adds, Needs, In>
      : Head extends Provider<infer MoreAdds, infer MoreNeeds, infer MoreIn>
        ? Stacked<Rest, Replaced<Adds, MoreAdds>, NeedsOfBoth<Adds, Needs, MoreNeeds>, In & MoreIn>
        : Head extends Layer<infer Inner, infer Outer>
          ? StackedWithin<Rest, Inner, Provided<Outer, Adds, Needs, In>>
          : never
    : Layers extends readonly []
      ? Provider<Adds, Needs, In>
      : never;

/** The rest of a stack, inside a layer that wraps `Inner` and makes, with what is round it, `Outer`. */
type StackedWithin<Layers extends readonly unknown[], Inner, Outer> = [Inner] extends [never]
  ? never
  : [Outer] extends [never]
    ? never
    : Layers extends readonly [infer Head, ...infer Rest]
      ? Head extends Guard
        ? StackedWithin<Rest, Inner, Outer>
        : Head extends Provider<infer Adds, infer Needs, infer Reads>
          ? StackedWithin<Rest, Supplied<Inner, Adds, Needs, Reads>, Outer>
          : Head extends Layer<infer Innermost, infer Made>
            ? StackedWithin<Rest, Made extends Inner ? Innermost : never, Outer>
            : never
      : Layer<Inner, Outer>;

/** Any provider: adding is covariant, needing and reading are contravariant. */
export type AnyProvider = Provider<object, never, never>;

/** What layers must be besides layers: nothing when they fit, something that they are not when they do not. */
export type Fitting<Layers extends readonly unknown[]> = [Stacked<Layers>] extends [never]
  ? { readonly "~misfit": "a layer does not fit what is round it" }
  : unknown;

// Seen from outside, a service asks for what its layers need, less what was provided to it.
type Provided<Outer, Adds, Needs extends Call, In> =
  Outer extends Service<infer Reads, infer Out, infer C>
    ? Reads extends In
      ? [NeedsOfBoth<Adds, Needs, C>] extends [never]
        ? never
        : Service<Reads, Out, NeedsOfBoth<Adds, Needs, C>>
      : never
    : never;

// What a provider wraps when it has to make `Inner`.
type Supplied<Inner, Adds, Needs, Reads> =
  Inner extends Service<infer In, infer Out, infer C>
    ? [In, C] extends [Reads, Needs]
      ? Service<In, Out, Overwrite<C, Adds>>
      : never
    : never;

type Replaced<Outer, Inner> = Flat<Omit<Outer, keyof Inner> & Inner>;

type Flat<T> = { [Key in keyof T]: T[Key] };

// `never` when an outer layer provides what is needed, but with another type.
type NeedsOfBoth<Adds, Needs extends Call, More extends Call> =
  Overwrite<Needs, Adds> extends More
    ? Needs
    : Adds extends Pick<More, keyof More & keyof Adds>
      ? Needs & Omit<More, keyof Adds>
      : never;
