import { checkFunction, checkNumber, noopMeter, systemClock, type Clock, type LayerDescription, type Meter, type Unsubscribe } from "@breakwater/core";
import type { Classify } from "../classify.ts";
import { Guarded } from "../guarded.ts";
import { ThrottleGate, throttleCounters, type ThrottleEvents, type ThrottleRules } from "./throttle-gate.ts";

export interface AdaptiveThrottleOptions<Result = unknown> {
  /** So many requests are sent for each that is accepted: from 1, finite. Lower is stricter. Default 2. */
  readonly multiplier?: number | undefined;
  /** What counts is what happened within this time, in ms from 1. Default 120,000. */
  readonly windowMs?: number | undefined;
  /** At most this share is held back, from 0 to below 1: some must go out, or nobody would see the recovery. Default 0.9. */
  readonly maxRejectionRatio?: number | undefined;
  /** Below so many requests a second nothing is held back: a few failures are chance. Default 5. */
  readonly minRequestsPerSecond?: number | undefined;
  /** As for a breaker; what only a breaker can do about a failure (`retryAfterMs`, `tripForMs`) is not done here. */
  readonly classify?: Classify<Result> | undefined;
  readonly name?: string | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
  /** Default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** A snapshot for programs and tests. The first two are of the window; a call that still runs is in neither. */
export interface AdaptiveThrottleStats {
  readonly requests: number;
  readonly accepts: number;
  /** The chance with which the next call is held back. */
  readonly rejectionRatio: number;
  /** Since it was made. */
  readonly rejections: number;
}

/**
 * A client that holds back by itself what the dependency would refuse.
 *
 * Refusing costs a server, too; when most of what comes is refused, refusing is all it does. So each client looks at what became
 * of its own requests lately, and holds back by chance
 *
 *     max(0, (requests - K x accepts) / (requests + 1))
 *
 * of the next ones. While the dependency accepts more than one in K nothing is held back; when it accepts nothing, nearly
 * everything is, but for the tenth that finds out when it is well again. What is held back here counts as a request, at once: that
 * is what lets the share rise when more is asked for. What is let in counts when it ends, for a call in flight is no refusal; a
 * neutral one never does. Unlike a breaker it is never all or nothing, and it acts before a breaker with the
 * usual threshold of a half would.
 *
 * Source: Google, Site Reliability Engineering, chapter 21, Handling Overload: K = 2, two minutes. The cap is Envoy's admission
 * control's, and so is the floor, `rps_threshold`.
 */
export class AdaptiveThrottle<Result = unknown> extends Guarded<Result, ThrottleGate> {
  /** @throws TypeError or RangeError naming the option and the value. */
  constructor(options: AdaptiveThrottleOptions<Result> = {}) {
    const { name, meter = noopMeter } = options;
    const gate = new ThrottleGate(readRules(options), name, meter === noopMeter ? undefined : throttleCounters(meter, name));
    super(gate);
    meter.gauge("breakwater.throttle.rejection.ratio", () => gate.rejectionRatio, {
      description: "The share of calls that are held back",
      unit: "1",
      attributes: name === undefined ? {} : { name },
    });
  }

  get name(): string | undefined {
    return this.gate.name;
  }

  /** @internal */
  protected get description(): LayerDescription {
    return { kind: "throttle", name: this.name };
  }

  /** The chance with which the next call is held back, 0 to 1. */
  get rejectionRatio(): number {
    return this.gate.rejectionRatio;
  }

  get stats(): AdaptiveThrottleStats {
    const { requests, accepts, rejectionRatio, rejections } = this.gate;
    return { requests, accepts, rejectionRatio, rejections };
  }

  on<Type extends keyof ThrottleEvents>(type: Type, listener: (event: ThrottleEvents[Type]) => void): Unsubscribe {
    return this.gate.events.on(type, listener);
  }
}

function readRules<Result>(options: AdaptiveThrottleOptions<Result>): ThrottleRules {
  const { multiplier = 2, windowMs = 120_000, maxRejectionRatio = 0.9, minRequestsPerSecond = 5 } = options;
  const { classify, clock = systemClock, random = Math.random } = options;
  if (classify !== undefined) checkFunction("classify", classify);
  checkFunction("random", random);
  return {
    multiplier: checkNumber("multiplier", multiplier, { min: 1, max: Number.MAX_VALUE }),
    windowMs: checkNumber("windowMs", windowMs, { min: 1, max: Number.MAX_VALUE }),
    maxRejectionRatio: checkNumber("maxRejectionRatio", maxRejectionRatio, { max: 1 - Number.EPSILON }),
    minRequestsPerSecond: checkNumber("minRequestsPerSecond", minRequestsPerSecond),
    classify: classify as Classify | undefined, // as in a breaker: it takes no work for anything else
    random,
    clock,
  };
}
