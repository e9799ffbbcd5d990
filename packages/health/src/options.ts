import {
  checkFunction,
  checkNumber,
  noopMeter,
  outcomeOfError,
  systemClock,
  type Call,
  type Clock,
  type Meter,
  type Outcome,
} from "@breakwater/core";
import type { Classify } from "./call-watch.ts";
import { checkBoolean, readCheck, type CheckOptions, type CheckSettings } from "./check-options.ts";
import type { ContributionOptions, ContributionSettings, ContributionSource } from "./contributions.ts";
import type { Limits } from "./error-rate.ts";
import { readLimits, type ThresholdOptions } from "./thresholds.ts";

export interface HealthOptions extends ThresholdOptions {
  /** Length of the window, in milliseconds. It moves in ten steps. Default 60,000; from 1; Infinity never forgets. */
  readonly windowMs?: number | undefined;
  /** The dependencies, by name. Default none. */
  readonly checks?: Readonly<Record<string, CheckOptions>> | undefined;
  /** A check's answer of this age, in milliseconds, counts as UNKNOWN. Default three times the check's `intervalMs`. */
  readonly staleAfterMs?: number | undefined;
  /** Each pause between two runs of a check is longer or shorter by up to this share. Default 0.1; 0 to 0.5. */
  readonly jitterRatio?: number | undefined;
  /** What patterns say of themselves, by name: `{ orders: breaker }`. Default none. */
  readonly contributions?: Readonly<Record<string, ContributionSource | ContributionOptions>> | undefined;
  /** How often they are read while polling, in milliseconds. Default 1000; from 1; Infinity leaves it to calls and readers. */
  readonly contributionIntervalMs?: number | undefined;
  /** Liveness answers 503 when the event loop stood still for longer, in milliseconds. Default Infinity: it never does. From 1. */
  readonly maxLoopDelayMs?: number | undefined;
  /** Whether probes tell what went wrong, in the words of the errors, which may hold hosts and users. Default false. */
  readonly showsOutput?: boolean | undefined;
  /** How `run` and `layer` count an error. Default core's `outcomeOfError`: refusals and the caller's abort are neutral. */
  readonly classify?: ((error: unknown, call: Call) => Outcome) | undefined;
  /** Goes into the attributes of the measurements, and into the probes as `serviceId`. */
  readonly name?: string | undefined;
  /** A monotonic clock. Default the system's. */
  readonly clock?: Clock | undefined;
  /** Milliseconds since 1970, for the times that probes show. Default `Date.now`. */
  readonly wallClock?: (() => number) | undefined;
  /** From 0 to below 1, for the jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  readonly meter?: Meter | undefined;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface Settings {
  readonly windowMs: number;
  readonly limits: Limits;
  readonly checks: readonly CheckSettings[];
  readonly contributions: readonly ContributionSettings[];
  readonly contributionIntervalMs: number;
  readonly maxLoopDelayMs: number;
  readonly showsOutput: boolean;
  readonly classify: Classify;
  readonly name: string | undefined;
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError, naming the option and the value. */
export function readOptions(options: HealthOptions): Settings {
  const { classify = outcomeOfError, contributions = {}, showsOutput = false, wallClock = Date.now } = options;
  checkFunction("classify", classify);
  checkFunction("wallClock", wallClock);
  checkBoolean("showsOutput", showsOutput);
  return {
    windowMs: checkNumber("windowMs", options.windowMs ?? 60_000, { min: 1 }),
    limits: readLimits(options),
    checks: readChecks(options),
    contributions: Object.entries(contributions).map(([name, given]) => readContribution(name, given)),
    contributionIntervalMs: checkNumber("contributionIntervalMs", options.contributionIntervalMs ?? 1000, { min: 1 }),
    maxLoopDelayMs: checkNumber("maxLoopDelayMs", options.maxLoopDelayMs ?? Infinity, { min: 1 }),
    showsOutput,
    classify,
    name: options.name,
    clock: options.clock ?? systemClock,
    wallClock,
    meter: options.meter ?? noopMeter,
  };
}

function readChecks({ checks = {}, staleAfterMs, jitterRatio = 0.1, random = Math.random }: HealthOptions): CheckSettings[] {
  if (staleAfterMs !== undefined) checkNumber("staleAfterMs", staleAfterMs, { min: 1 });
  checkNumber("jitterRatio", jitterRatio, { max: 0.5 });
  checkFunction("random", random);
  return Object.entries(checks).map(([name, check]) => readCheck(name, check, { staleAfterMs, jitterRatio, random }));
}

function readContribution(name: string, given: ContributionSource | ContributionOptions): ContributionSettings {
  const { from, critical = false } = isObject(given) && "from" in given ? given : { from: given };
  checkBoolean(`contributions.${name}.critical`, critical);
  if (typeof from === "function") return { name, critical, read: from };
  if (!isObject(from) || !("health" in from)) throw new TypeError(`contributions.${name} must be a function or have \`health\``);
  return { name, critical, read: () => from.health };
}

// Asked as unknown, because JavaScript callers may pass anything.
function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
