import { checkFunction, ignoreAbort, listenForAbort, type AbortListener, type Call, type Service } from "@breakwater/core";
import { chaosLayer, goOn, type ChaosLayer } from "./chaos-layer.ts";
import type { ChaosOptions } from "./options.ts";
import { Trigger } from "./trigger.ts";

export interface BehaviorOptions<Input = unknown, Needs extends Call = Call> extends ChaosOptions<Input, Needs> {
  /** What to do before the work. What it throws or rejects with, the call rejects with, and the work is not called. */
  readonly behavior: (input: Input, call: Needs) => void | PromiseLike<void>;
}

/**
 * Does something before the work: fills a cache, drops connections, moves a clock, restarts a container. The work waits for it.
 * An abort ends the wait at once, with the signal's own reason; the behaviour has the call, and may stop as well. A model:
 * Polly's `AddChaosBehavior`.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function injectBehavior<Input = unknown, Needs extends Call = Call>(
  options: BehaviorOptions<Input, Needs>,
): ChaosLayer<Input, Needs> {
  const { behavior } = options;
  checkFunction("behavior", behavior);
  const trigger = new Trigger("behavior", options);
  const inject = async <Out>(next: Service<Input, Out, Needs>, input: Input, call: Needs): Promise<Out> => {
    trigger.injected({ kind: "behavior", name: trigger.name, input, call });
    const done = behavior(input, call);
    if (done !== undefined) await unlessAborted(done, call.signal);
    return goOn(next, input, call);
  };
  return chaosLayer(trigger, inject);
}

/** As the work settles, or the signal's reason, whichever is first. What the work does after that nobody hears. */
function unlessAborted(work: PromiseLike<void>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const listener: AbortListener = { aborted: reject };
    const settle = (then: () => void): void => {
      if (signal !== undefined) ignoreAbort(signal, listener);
      then();
    };
    if (signal?.aborted === true) reject(signal.reason); // by the behaviour itself
    else if (signal !== undefined) listenForAbort(signal, listener);
    // By way of a promise of the platform's: a thenable may call back at once, twice, or throw.
    Promise.resolve(work).then(
      () => settle(resolve),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
