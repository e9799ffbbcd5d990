import type { Call, Service } from "@breakwater/core";

/**
 * Calls a service, and answers with a promise whatever it does. From JavaScript a handler may throw before it has one, or answer with
 * a plain value or any thenable; and a request that left no promise behind would be counted as in work for ever.
 */
export function begin<In, Out, C extends Call>(next: Service<In, Out, C>, input: In, call: C): Promise<Out> {
  try {
    return Promise.resolve(next(input, call)); // the very promise, where it is one
  } catch (error) {
    return Promise.reject(error);
  }
}
