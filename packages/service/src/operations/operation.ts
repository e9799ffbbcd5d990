import { checkFunction, checkNumber, type Call, type Guard, type Outcome, type Provider, type Service } from "@breakwater/core";
import type { Pipeline } from "@breakwater/middleware";
import type { LimiterOption } from "../limiters.ts";

/** The call that an operation's handler gets: it also says which operation it is. */
export interface OperationCall extends Call {
  readonly operation: string;
}

export interface OperationOptions<In, Own extends Call = Call, Raw = In> {
  /**
   * How many requests of this operation are served at a time, and how many may wait, besides the limit of the service. A limiter
   * of your own belongs to the service from then on. Default: no limit of its own.
   */
  readonly limiter?: LimiterOption | undefined;
  /** What its requests pass behind the service's middleware. Default: nothing. */
  readonly middleware?: Pipeline<In, Own, Raw> | undefined;
  /**
   * How long a request may take, from its arrival on, in ms from 1; a tighter deadline of the caller's stays. While it waits for
   * admission it is refused then; in work its signal is aborted, and it fails with `ERR_TIMEOUT`. Default Infinity.
   */
  readonly timeoutMs?: number | undefined;
  /** How the error of an admitted request counts. Default: the service's. */
  readonly classify?: ((error: unknown, call: Call) => Outcome) | undefined;
}

/** One thing that a service does, not yet part of one. Made by {@link operation}. */
export interface Operation<In, Out, Needs extends Call = OperationCall> {
  readonly limiter: LimiterOption | undefined;
  readonly timeoutMs: number;
  readonly classify: ((error: unknown, call: Call) => Outcome) | undefined;
  /** Its middleware and its handler. */
  readonly served: Service<In, Out, Needs>;
}

/** The call inside middlewares of one's own: what they provide replaces what was there under the same name. */
export type Inside<C extends Call, Own extends Call> = [Call] extends [Own] ? C : Omit<C, keyof Own> & Own;

/**
 * Makes operations for a service whose inputs are a `Base`, and whose middleware provides `C`. The input is what handler or
 * middleware say: where the result goes, any input will do, and `NoInfer` keeps that from being taken for an answer.
 */
export interface OperationMaker<Base, C extends Call> {
  <In extends Base, Out>(handler: (input: In, call: C) => Promise<Out>): Operation<NoInfer<In>, Out, C>;
  <In extends Base, Out, Own extends Call = Call, Raw extends Base = In>(
    options: OperationOptions<In, Own, Raw>,
    handler: (input: In, call: Inside<C, Own>) => Promise<Out>,
  ): Operation<NoInfer<Raw>, Out, C>;
}

/**
 * An operation: its handler, behind options of its own.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export const operation: OperationMaker<unknown, OperationCall> = makerOf();

/** One function for all services: what a maker's types say of the call is the service's doing, and not known here. */
export function makerOf<Base, C extends Call>(): OperationMaker<Base, C> {
  // The signatures say what fits.
  return make as unknown as OperationMaker<Base, C>;
}

type Handler = Service<unknown, unknown>;

function make(...given: readonly [Handler] | readonly [OperationOptions<unknown>, Handler]): Operation<unknown, unknown, Call> {
  const [options, handler] = given.length === 1 ? [{}, given[0]] : given;
  const isObject: boolean = typeof options === "object" && (options as unknown) !== null;
  if (!isObject) throw new TypeError(`options must be an object, got ${typeof options}`);
  const { limiter, middleware, timeoutMs = Infinity, classify } = options;
  checkFunction("handler", handler);
  if (classify !== undefined) checkFunction("classify", classify);
  checkNumber("timeoutMs", timeoutMs, { min: 1 });
  return Object.freeze({ limiter, timeoutMs, classify, served: middleware === undefined ? handler : middleware.handle(handler) });
}

/**
 * For a service's middleware that reads `call.operation`: a provider that tells the compiler of it. The service itself has put it
 * there, so this costs nothing.
 */
export function operationName(): Provider<{ readonly operation: string }> {
  return ((next: unknown) => next) as Guard as unknown as Provider<{ readonly operation: string }>; // it only says what is so
}
