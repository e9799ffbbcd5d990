import { checkFunction, checkNumber, noopMeter, systemClock, type Call, type Clock, type Meter } from "@breakwater/core";
import type { Classify } from "./classify.ts";
import { elapsed } from "./elapsed.ts";
import { readEjection, type EjectionOptions, type EjectionRules } from "./ejection/options.ts";
import { readEndpoints, type Endpoint, type EndpointOptions } from "./endpoint.ts";
import { peakEwma } from "./policies/peak-ewma.ts";
import type { Policy } from "./policies/policy.ts";
import { SlowStart, type SlowStartOptions } from "./slow-start.ts";
import { Zone, type ZoneOptions } from "./zone.ts";

export interface BalancerOptions<T> {
  /** Stands in refusals and measurements. */
  readonly name?: string | undefined;
  /** Among which to choose. Default none, until {@link Balancer.update}. */
  readonly endpoints?: Iterable<EndpointOptions<T>> | undefined;
  /** How to choose. Default {@link peakEwma}(). */
  readonly policy?: Policy | undefined;
  /** When to leave one out. Default `{}`; false never does, unless by hand. */
  readonly ejection?: EjectionOptions | false | undefined;
  /** With less than this share of the endpoints available all are used: from 0 to 1. Default 0.5. */
  readonly panicRatio?: number | undefined;
  /** Default: one that joins or returns has its whole share at once. */
  readonly slowStart?: SlowStartOptions | undefined;
  /** Default: zones do not matter. */
  readonly zone?: ZoneOptions | undefined;
  /**
   * How values and errors count. By default a value is a success, a refusal and the caller's abort are neutral, and any other
   * error is a failure.
   */
  readonly classify?: Classify | undefined;
  /** Whether a call takes as long as it likes, whatever the endpoint's load: its duration says nothing. Default: none does. */
  readonly isLongPoll?: ((call: Call) => boolean) | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** From 0 to below 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Default: measures nothing. With one, each call is timed. */
  readonly meter?: Meter | undefined;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface Settings<T> {
  readonly name: string | undefined;
  readonly endpoints: readonly Endpoint<T>[];
  readonly policy: Policy;
  readonly ejection: EjectionRules | undefined;
  readonly panicRatio: number;
  readonly slowStart: SlowStart | undefined;
  readonly zone: Zone | undefined;
  readonly classify: Classify | undefined;
  readonly isLongPoll: ((call: Call) => boolean) | undefined;
  readonly clock: Clock;
  readonly now: () => number;
  readonly random: () => number;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readOptions<T>(options: BalancerOptions<T>): Settings<T> {
  const { name, endpoints = [], policy = peakEwma(), ejection = {}, panicRatio = 0.5, slowStart, zone } = options;
  const { classify, isLongPoll, clock = systemClock, random = Math.random, meter = noopMeter } = options;
  checkFunction("policy.strategy", (policy as Partial<Policy> | null)?.strategy); // JavaScript callers may pass anything
  checkFunction("random", random);
  if (classify !== undefined) checkFunction("classify", classify);
  if (isLongPoll !== undefined) checkFunction("isLongPoll", isLongPoll);
  return {
    name,
    endpoints: readEndpoints(endpoints),
    policy,
    ejection: ejection === false ? undefined : readEjection(ejection),
    panicRatio: checkNumber("panicRatio", panicRatio, { max: 1 }),
    slowStart: slowStart === undefined ? undefined : new SlowStart(slowStart),
    zone: zone === undefined ? undefined : new Zone(zone),
    classify,
    isLongPoll,
    clock,
    now: elapsed(clock),
    random,
    meter,
  };
}
