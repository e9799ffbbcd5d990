import type { Call, Guard, GuardFor, Provider, Service } from "@breakwater/core";
import { describe } from "./describe.ts";
import type { Conversion, Widened } from "./layer-shapes.ts";
import { stack } from "./stack.ts";

/**
 * Middlewares in the order in which a request meets them, and what they have put into the call so far.
 *
 * `In` is what the handler gets, `Raw` what comes in: the same, unless a validation makes one of the other.
 *
 * Each `use` gives a new pipeline and leaves the old one as it was, so a half-built one can be shared and continued in
 * several ways. The types follow: a provider's addition replaces what was there under its name; a middleware that needs
 * what nobody before it provides does not compile, and neither does such a handler.
 */
export interface Pipeline<In, C extends Call = Call, Raw = In> {
  /** Adds a guard, such as the layer of a breaker, a limiter or a logger. */
  use(middleware: GuardFor<In, C>): Pipeline<In, C, Raw>;
  /**
   * Adds a provider, which hands a wider call inward. Your own wants the annotation `Provider`, or the compiler cannot tell what
   * it adds.
   */
  use<Adds extends object>(middleware: Provider<Adds, C, In>): Pipeline<In, Widened<C, Adds>, Raw>;
  /** Adds a {@link validation}, or a stack with one in it: what comes after it gets the parsed input. */
  use<Parsed, Adds extends object = object>(middleware: Conversion<In, Parsed, Adds, C>): Pipeline<Parsed, Widened<C, Adds>, Raw>;
  /** The middlewares, one to a line, in the order in which a request meets them. */
  describe(): string;
  /** Completes it with the handler. The result takes the plain call: the middlewares provide the rest. */
  handle<Out>(handler: (input: In, call: C) => Promise<Out>): Service<Raw, Out>;
}

/** An empty pipeline for requests of this type. */
export function pipeline<In>(): Pipeline<In> {
  return new LayerPipeline<In, Call, In>([]);
}

// What is known of a layer once the types of `use` have done their work.
type AnyLayer = <Out>(next: Service<never, Out>) => Service<never, Out>;

class LayerPipeline<In, C extends Call, Raw> implements Pipeline<In, C, Raw> {
  readonly #layers: readonly AnyLayer[];

  constructor(layers: readonly AnyLayer[]) {
    this.#layers = layers;
  }

  use(middleware: GuardFor<In, C>): Pipeline<In, C, Raw>;
  use<Adds extends object>(middleware: Provider<Adds, C, In>): Pipeline<In, Widened<C, Adds>, Raw>;
  use<Parsed, Adds extends object = object>(middleware: Conversion<In, Parsed, Adds, C>): Pipeline<Parsed, Widened<C, Adds>, Raw>;
  use(middleware: object): LayerPipeline<never, never, Raw> {
    if (typeof middleware !== "function") throw new TypeError(`middleware must be a function, got ${typeof middleware}`);
    // The signatures have checked that it fits between what is round it and what comes next, and say what that is.
    return new LayerPipeline([...this.#layers, middleware as AnyLayer]);
  }

  handle<Out>(handler: (input: In, call: C) => Promise<Out>): Service<Raw, Out> {
    if (typeof handler !== "function") throw new TypeError(`handler must be a function, got ${typeof handler}`);
    // The outermost layer takes what comes in and a plain call, the innermost hands on all that the handler asks for.
    return this.#stack()(handler as Service<unknown, Out>);
  }

  describe(): string {
    return describe(this.#stack());
  }

  #stack(): Guard {
    return stack(...(this.#layers as unknown as Guard[])); // the signatures of `use` have checked that they fit
  }
}
