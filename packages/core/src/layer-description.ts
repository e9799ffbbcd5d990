const key = Symbol.for("@breakwater/layer");

/** What a layer says of itself, so that a stack can be printed and its order be checked. */
export interface LayerDescription {
  /** What it is, as one lower-case word: `breaker`, `retry`, `request-id`. */
  readonly kind: string;
  /** Which one. */
  readonly name?: string | undefined;
  /** Kinds that must stand further out in the same stack. */
  readonly needs?: readonly string[] | undefined;
  /** Kinds inside which it must stand, where the same stack has them. */
  readonly inside?: readonly string[] | undefined;
  /** Kinds outside which it must stand, where the same stack has them. */
  readonly outside?: readonly string[] | undefined;
  /** What it is made of, outermost first. */
  readonly layers?: readonly LayerDescription[] | undefined;
}

/**
 * Describes a layer, and returns it. The description stands on the function, under a symbol that all copies of this module
 * share, so it costs a call nothing.
 */
export function describeLayer<L extends object>(layer: L, description: LayerDescription): L {
  return Object.defineProperty(layer, key, { value: Object.freeze({ ...description }), configurable: true });
}

/** What was said of it; of a layer that nobody described, its function's name. */
export function descriptionOf(layer: object): LayerDescription {
  const { [key]: given, name } = layer as { readonly [key]?: LayerDescription; readonly name?: unknown }; // any function has a name
  return given ?? { kind: typeof name === "string" && name !== "" ? name : "layer" };
}
