import {
  checkFunction,
  describeLayer,
  isRejected,
  noCall,
  noopMeter,
  warn,
  withCause,
  type Call,
  type Meter,
  type Service,
} from "@breakwater/core";
import { counters } from "./counters.ts";
import type { Answering } from "./layer-shapes.ts";

export interface FallbackOptions<T, Input = unknown, Needs extends Call = Call> {
  /**
   * Makes the answer, now or with a promise. Its own error is the caller's, with the first one as its `cause` if it has none and
   * that makes no circle.
   */
  readonly handle: (error: unknown, call: Needs, input: Input) => T | PromiseLike<T>;
  /**
   * For which errors. Default all but a verdict on the caller: `ERR_AUTHENTICATION` and `ERR_VALIDATION`, so that an answer
   * kept for bad days is not given to those who must not have it. One that throws says no, with a process warning.
   */
  readonly when?: ((error: unknown, call: Needs, input: Input) => boolean) | undefined;
  /** Stands in the order of a stack and in the attributes of the measurements. */
  readonly name?: string | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

export interface FallbackStats {
  /** Answers that the fallback gave. */
  readonly answered: number;
  /** Errors for which it had none either. */
  readonly failed: number;
}

/** A layer that may answer with a `T` in the service's place. */
export interface FallbackLayer<T, Input = unknown, Needs extends Call = Call> extends Answering<T, object, Needs, Input> {
  /** The counts since the layer was made. */
  readonly stats: FallbackStats;
}

const verdictsOnTheCaller: readonly string[] = ["ERR_AUTHENTICATION", "ERR_VALIDATION"];

/**
 * Answers where what is further in failed or refused. Not for a caller who has gone away: that rejects as it did. It stands in a
 * `stack`, or is called round a service.
 *
 * @throws TypeError naming the option and the value.
 */
export function fallback<T, Input = unknown, Needs extends Call = Call>(
  options: FallbackOptions<T, Input, Needs>,
): FallbackLayer<T, Input, Needs> {
  const { handle, when = isNoVerdict, name, meter = noopMeter } = options;
  checkFunction("handle", handle);
  checkFunction("when", when);
  const counts = counters(meter, "breakwater.fallback.calls", "Errors that a fallback was asked about", name, ["answered", "failed"]);
  const rescue = async (error: unknown, call: Needs, input: Input): Promise<T> => {
    if (call.signal?.aborted === true || !applies(when, error, call, input)) throw error;
    try {
      const answer = await handle(error, call, input);
      counts.add("answered");
      return answer;
    } catch (second) {
      counts.add("failed");
      throw withCause(second, error);
    }
  };
  const layer = <Out>(next: Service<Input, Out, Needs>): Service<Input, Out | T, Needs> =>
    // JavaScript may leave the call out.
    async (input, call = noCall as Needs) => {
      try {
        return await next(input, call);
      } catch (error) {
        return rescue(error, call, input);
      }
    };
  Object.defineProperty(layer, "stats", { get: () => counts.snapshot() });
  // What was defined just now the compiler cannot see.
  return describeLayer(layer, { kind: "fallback", name }) as unknown as FallbackLayer<T, Input, Needs>;
}

function isNoVerdict(error: unknown): boolean {
  return !isRejected(error) || !verdictsOnTheCaller.includes(error.code);
}

function applies<Args extends unknown[]>(when: (...args: Args) => boolean, ...args: Args): boolean {
  try {
    return when(...args);
  } catch (broken) {
    warn(broken);
    return false;
  }
}
