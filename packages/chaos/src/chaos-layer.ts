import { describeLayer, noCall, type Call, type Service, type Unsubscribe, type Work } from "@breakwater/core";
import type { ChaosEvents } from "./events.ts";
import type { ChaosStats, Trigger } from "./trigger.ts";

/** The input, for `run` and `draw`: may be left out where the options' functions can do without. */
export type InputOf<Input> = undefined extends Input ? [input?: Input] : [input: Input];

/** What every chaos layer is besides a layer. */
export interface Injector<Input, Needs extends Call> {
  /**
   * The decision alone, for streams, callbacks and whatever else is no promise: whether to touch this call. It counts as a
   * call in `stats`; what is then done to it is up to who asks. Never throws.
   */
  draw(call?: Needs, ...input: InputOf<Input>): boolean;
  /** Listeners cannot fail a call: what they throw becomes a process warning. */
  on<Type extends keyof ChaosEvents>(type: Type, listener: (event: ChaosEvents[Type]) => void): Unsubscribe;
  readonly stats: ChaosStats;
}

/**
 * A layer that touches some of the calls. It is a `Guard` where the options' functions read nothing special of input and call;
 * else it fits round services that are given what they read.
 */
export interface ChaosLayer<Input = unknown, Needs extends Call = Call> extends Injector<Input, Needs> {
  <In extends Input, Out, C extends Needs>(next: Service<In, Out, C>): Service<In, Out, C>;
  /** Does the work as the layer would let a service do it. A sync throw becomes a rejection. */
  run<T>(work: Work<T>, call?: Needs, ...input: InputOf<Input>): Promise<T>;
  /** Never set. As for core's `Provider`: what is required stands here too, for stacks to see. */
  readonly "~requires"?: (call: Needs, input: Input) => void;
}

/** Touches one call. `next` is what it would have met. */
export type Inject<Input, Needs extends Call> = <Out>(next: Service<Input, Out, Needs>, input: Input, call: Needs) => Promise<Out>;

/** The layer over a trigger. A call that is not touched costs the decision, and gets the inner promise itself. */
export function chaosLayer<Input, Needs extends Call>(
  trigger: Trigger<Input, Needs>,
  inject: Inject<Input, Needs>,
): ChaosLayer<Input, Needs> {
  const touch = <Out>(next: Service<Input, Out, Needs>, input: Input, call: Needs): Promise<Out> =>
    call.signal?.aborted === true ? Promise.reject(call.signal.reason) : inject(next, input, call);
  const layer = <Out>(next: Service<Input, Out, Needs>): Service<Input, Out, Needs> => {
    if (trigger.isOff) return next;
    // Who leaves the call out, as JavaScript may, asks for nothing of it: any kind of call will do.
    return (input, call = noCall as Needs) => (trigger.draw(input, call) ? touch(next, input, call) : next(input, call));
  };
  const run = <T>(work: Work<T>, call: Needs = noCall as Needs, input?: Input): Promise<T> => {
    const given = input as Input; // left out only where undefined is an Input
    if (!trigger.draw(given, call)) return begin(work, call);
    return touch((_input, inner) => begin(work, inner), given, call);
  };
  const draw = (call: Needs = noCall as Needs, input?: Input): boolean => trigger.draw(input as Input, call); // as in run
  Object.assign(layer, { run, draw, on: trigger.on.bind(trigger) });
  Object.defineProperty(layer, "stats", { get: () => trigger.stats });
  // What was assigned and defined just now the compiler cannot see.
  return describeLayer(layer, { kind: `chaos-${trigger.kind}`, name: trigger.name }) as unknown as ChaosLayer<Input, Needs>;
}

function begin<T>(work: Work<T>, call: Call): Promise<T> {
  try {
    return Promise.resolve(work(call));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The work, after something that took its time: not for a caller who has gone away meanwhile. */
export function goOn<Input, Out, Needs extends Call>(next: Service<Input, Out, Needs>, input: Input, call: Needs): Promise<Out> {
  return call.signal?.aborted === true ? Promise.reject(call.signal.reason) : next(input, call);
}
