import { checkFunction, type Call, type Service } from "@breakwater/core";

/** What processes a request: the host that `createService` makes, or anything else with such a method. */
export interface Processor<In, Out> {
  process(input: In, call: Call): Promise<Out>;
}

/** What a front end serves. */
export type ServiceLike<In, Out> = Service<In, Out> | Processor<In, Out>;

/**
 * The plain function of it, which never throws: what is thrown at once becomes a rejection.
 *
 * @throws TypeError when it is neither.
 */
export function serviceOf<In, Out>(service: ServiceLike<In, Out>): Service<In, Out> {
  const given = service as Partial<Processor<In, Out>> | null | undefined; // what JavaScript may pass
  const isFunction = typeof service === "function";
  if (!isFunction) checkFunction("service.process", given?.process);
  return (input, call) => {
    try {
      return isFunction ? service(input, call) : service.process(input, call);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}
