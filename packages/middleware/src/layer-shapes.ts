import type { Call, Overwrite, Service } from "@breakwater/core";

/** The call behind a layer that adds this; a guard adds nothing. */
export type Widened<C extends Call, Adds> = keyof Adds extends never ? C : Overwrite<C, Adds>;

/**
 * A layer that makes a service for `Raw` out of one for `Parsed`: a validation, or a stack with one in it. It may add to the call,
 * and answer with a `T` in the service's place.
 */
export interface Conversion<Raw, Parsed, Adds extends object = object, Needs extends Call = Call, T = never> {
  <Out, C extends Needs>(next: Service<Parsed, Out, Widened<C, Adds>>): Service<Raw, Out | T, C>;
  /** Never set. What a stack has to know of it, where the compiler cannot find it in a generic function. */
  readonly "~converts"?: (call: Needs, input: Raw) => readonly [parsed: Parsed, adds: Adds, answers: T];
}

/** A layer that may answer with a `T` in the service's place: a fallback, or a stack with one in it. It may add to the call. */
export interface Answering<T, Adds extends object = object, Needs extends Call = Call, Input = unknown> {
  <In extends Input, Out, C extends Needs>(next: Service<In, Out, Widened<C, Adds>>): Service<In, Out | T, C>;
  /** Never set. See {@link Conversion}. */
  readonly "~answers"?: (call: Needs, input: Input) => readonly [adds: Adds, answers: T];
}
