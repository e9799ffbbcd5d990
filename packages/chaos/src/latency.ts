import { systemClock, warn, type Call, type Clock, type Service } from "@breakwater/core";
import { chaosLayer, goOn, type ChaosLayer } from "./chaos-layer.ts";
import { Delays } from "./delays.ts";
import { readLatency, type DrawLatency, type Latency } from "./latency-length.ts";
import type { ChaosOptions } from "./options.ts";
import { Trigger } from "./trigger.ts";

export interface LatencyOptions<Input = unknown, Needs extends Call = Call> extends ChaosOptions<Input, Needs> {
  /** How long to wait before the work, in ms. Infinity hangs until the caller aborts. */
  readonly latencyMs: Latency<Input, Needs>;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

/**
 * Makes calls wait before the work is begun, as a slow dependency does. An abort ends the wait at once, with the signal's own
 * reason, and the work is not called. A deadline does not end it: a dependency that is slow does not know of it either, and what
 * acts on deadlines, a `deadline` layer further out, is what such a test is for.
 *
 * A model: Polly's `AddChaosLatency`.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function injectLatency<Input = unknown, Needs extends Call = Call>(
  options: LatencyOptions<Input, Needs>,
): ChaosLayer<Input, Needs> {
  const { latencyMs, clock = systemClock } = options;
  const trigger = new Trigger("latency", options);
  const draw = contained(readLatency(latencyMs, trigger.random));
  const delays = new Delays(clock);
  const inject = async <Out>(next: Service<Input, Out, Needs>, input: Input, call: Needs): Promise<Out> => {
    const drawn = draw(input, call);
    if (drawn === undefined) return next(input, call);
    trigger.injected({ kind: "latency", name: trigger.name, input, call, latencyMs: drawn });
    if (drawn > 0) await delays.wait(drawn, call.signal);
    return goOn(next, input, call);
  };
  return chaosLayer(trigger, inject);
}

/** A function that throws is no slow dependency: what it throws becomes a warning, and there is no latency. */
function contained<Input, Needs extends Call>(
  draw: DrawLatency<Input, Needs>,
): (input: Input, call: Needs) => number | undefined {
  return (input, call) => {
    try {
      return draw(input, call);
    } catch (error) {
      warn(error);
      return undefined;
    }
  };
}
