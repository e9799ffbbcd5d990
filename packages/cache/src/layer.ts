import type { Call, Service } from "@breakwater/core";

/** A layer for services whose input and call are such as `keyOf` reads, and that answer what the cache keeps. */
export interface CacheLayer<Input, Value, Needs extends Call = Call> {
  <In extends Input, C extends Needs>(next: Service<In, Value, C>): Service<In, Value, C>;
  /** Never set. The compiler compares generic functions without their constraints, so what is required stands here too. */
  readonly "~requires"?: (call: Needs, input: Input) => void;
}
