import type { Call, Service } from "@breakwater/core";
import { chaosLayer, type ChaosLayer } from "./chaos-layer.ts";
import { ChaosError } from "./errors.ts";
import type { ChaosOptions } from "./options.ts";
import { Trigger } from "./trigger.ts";
import { isWeighted, type Weighted } from "./weighted.ts";

/** Anything can be thrown, but a function, which is asked for what to throw. */
export type Thrown = object | string | number | bigint | boolean | symbol | null;

export interface FaultOptions<Input = unknown, Needs extends Call = Call> extends ChaosOptions<Input, Needs> {
  /**
   * What to throw, as it is: a value, a function that makes one for each call, or either of these {@link weighted}. A function
   * that throws has thrown the fault. Default a new {@link ChaosError}.
   */
  readonly error?: Thrown | ((input: Input, call: Needs) => unknown) | Weighted<unknown> | undefined;
  /**
   * `before`: instead of the work. `after`: the work is done, and its answer is lost, as when a connection breaks: what tells
   * whether an operation can be done twice. Work that fails by itself then keeps its own error. Default `before`.
   */
  readonly position?: "before" | "after" | undefined;
}

/**
 * Makes calls fail. The error is no refusal, so whatever counts failures counts it. A model: Polly's `AddChaosFault`.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function injectFault<Input = unknown, Needs extends Call = Call>(
  options: FaultOptions<Input, Needs>,
): ChaosLayer<Input, Needs> {
  const { error: source, position = "before" } = options;
  checkPosition(position);
  const trigger = new Trigger("fault", options);
  const inject = async <Out>(next: Service<Input, Out, Needs>, input: Input, call: Needs): Promise<Out> => {
    if (position === "after") await next(input, call);
    const error = faultOf(source, trigger, input, call);
    trigger.injected({ kind: "fault", name: trigger.name, input, call, error });
    throw error;
  };
  return chaosLayer(trigger, inject);
}

function checkPosition(position: unknown): void {
  if (position === "before" || position === "after") return;
  throw new RangeError(`position must be "before" or "after", got ${String(position)}`);
}

function faultOf<Input, Needs extends Call>(source: unknown, trigger: Trigger<Input, Needs>, input: Input, call: Needs): unknown {
  try {
    const error = isWeighted(source) ? source.pick(trigger.random) : source;
    if (error === undefined) return new ChaosError(trigger.name);
    // The options' type says which parameters a function has; in a weighted list it may have fewer.
    return typeof error === "function" ? (error as (input: Input, call: Needs) => unknown)(input, call) : error;
  } catch (error) {
    return error;
  }
}
