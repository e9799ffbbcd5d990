import type { Call, Service, Work } from "@breakwater/core";
import { chaosLayer, type Inject, type InputOf, type Injector } from "./chaos-layer.ts";
import type { ChaosOptions } from "./options.ts";
import { Trigger } from "./trigger.ts";
import { isWeighted, type Weighted } from "./weighted.ts";

/** Makes the answer of one call. */
type MakeResult<Out, Input, Needs extends Call> = (input: Input, call: Needs) => Out | PromiseLike<Out>;

export interface OutcomeOptions<Out, Input = unknown, Needs extends Call = Call> extends ChaosOptions<Input, Needs> {
  /**
   * What to answer: a value, the same for all calls, a function that makes one for each, or either of these {@link weighted}.
   * What a function throws, the call rejects with.
   */
  readonly result: Out | MakeResult<Out, Input, Needs> | Weighted<Out | MakeResult<Out, Input, Needs>>;
}

/** A layer that answers in place of the work, so it fits round services of that answer only. */
export interface OutcomeLayer<Out, Input = unknown, Needs extends Call = Call> extends Injector<Input, Needs> {
  <In extends Input, C extends Needs>(next: Service<In, Out, C>): Service<In, Out, C>;
  /** Does the work, or answers in its place. A sync throw becomes a rejection. */
  run(work: Work<Out>, call?: Needs, ...input: InputOf<Input>): Promise<Out>;
}

/**
 * Answers calls with a made-up result; the work is not called. For answers that are wrong without an error: a 503, an empty
 * page. A model: Polly's `AddChaosOutcome`.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function injectOutcome<Out, Input = unknown, Needs extends Call = Call>(
  options: OutcomeOptions<Out, Input, Needs>,
): OutcomeLayer<Out, Input, Needs> {
  if (!("result" in options)) throw new TypeError("result must be given");
  const { result } = options;
  const trigger = new Trigger("outcome", options);
  const inject = async (_next: unknown, input: Input, call: Needs): Promise<Out> => {
    const picked = isWeighted(result) ? result.pick(trigger.random) : result;
    trigger.injected({ kind: "outcome", name: trigger.name, input, call });
    // A function is a maker: a service whose answers are functions has one made by one.
    return typeof picked === "function" ? (picked as MakeResult<Out, Input, Needs>)(input, call) : picked;
  };
  // The layer's type lets it be put only round services whose answers are `Out`.
  return chaosLayer(trigger, inject as Inject<Input, Needs>);
}
