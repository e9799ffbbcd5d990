import { checkNumber } from "@breakwater/core";

export interface SuccessRateOptions {
  /** So many standard deviations below the mean is too bad. Default 1.9. */
  readonly stdevFactor?: number | undefined;
  /** Not with fewer endpoints than that which have enough calls: a whole number from 2. Default 5. */
  readonly minEndpoints?: number | undefined;
  /** So many calls in an interval are enough: a whole number from 1. Default 100. */
  readonly minCalls?: number | undefined;
}

export interface FailureRatioOptions {
  /** This share of failures is too bad: above 0, to 1. Default 0.85. */
  readonly ratio?: number | undefined;
  /** Not with fewer endpoints than that which have enough calls: a whole number from 1. Default 5. */
  readonly minEndpoints?: number | undefined;
  /** So many calls in an interval are enough: a whole number from 1. Default 50. */
  readonly minCalls?: number | undefined;
}

/** When an endpoint is left out for a while. The defaults are Envoy's. */
export interface EjectionOptions {
  /** So many failures in a row, at once: a whole number from 1. Default 5; false switches the rule off. */
  readonly consecutiveFailures?: number | false | undefined;
  /** Too far below the others, at the end of an interval. Default on; false switches the rule off. */
  readonly successRate?: SuccessRateOptions | false | undefined;
  /** Too many failures, whatever the others do, at the end of an interval. Default off; `{}` switches the rule on. */
  readonly failureRatio?: FailureRatioOptions | false | undefined;
  /** How long to count, in ms from 1. Default 10,000. */
  readonly intervalMs?: number | undefined;
  /** The first ejection's length, in ms from 1; the second in a row lasts twice that, and so on. Default 30,000. */
  readonly ejectMs?: number | undefined;
  /** The longest, in ms; at least `ejectMs`. Default 300,000. */
  readonly maxEjectMs?: number | undefined;
  /** And up to so many ms more, drawn at random, so that clients do not come back together. Default 0. */
  readonly jitterMs?: number | undefined;
  /**
   * The share of the endpoints that may be out at a time: from 0 to 1. Default 0.1. It is rounded down, but of two and more one may
   * always go, and the last one never.
   */
  readonly maxEjectedRatio?: number | undefined;
}

export interface EjectionRules {
  readonly consecutiveFailures: number;
  readonly successRate: Required<Record<keyof SuccessRateOptions, number>> | undefined;
  readonly failureRatio: Required<Record<keyof FailureRatioOptions, number>> | undefined;
  readonly intervalMs: number;
  readonly ejectMs: number;
  readonly maxEjectMs: number;
  readonly jitterMs: number;
  readonly maxEjectedRatio: number;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readEjection(options: EjectionOptions): EjectionRules {
  const { consecutiveFailures = 5, successRate = {}, failureRatio = false, maxEjectedRatio = 0.1 } = options;
  const { intervalMs = 10_000, ejectMs = 30_000, maxEjectMs = 300_000, jitterMs = 0 } = options;
  return {
    consecutiveFailures: consecutiveFailures === false ? Infinity : count("consecutiveFailures", consecutiveFailures),
    successRate: successRate === false ? undefined : readSuccessRate(successRate),
    failureRatio: failureRatio === false ? undefined : readFailureRatio(failureRatio),
    intervalMs: checkNumber("ejection.intervalMs", intervalMs, { min: 1 }),
    ejectMs: checkNumber("ejection.ejectMs", ejectMs, { min: 1 }),
    maxEjectMs: checkNumber("ejection.maxEjectMs", maxEjectMs),
    jitterMs: checkNumber("ejection.jitterMs", jitterMs, { max: Number.MAX_VALUE }),
    maxEjectedRatio: checkNumber("ejection.maxEjectedRatio", maxEjectedRatio, { max: 1 }),
  };
}

function readSuccessRate({ stdevFactor = 1.9, minEndpoints = 5, minCalls = 100 }: SuccessRateOptions): EjectionRules["successRate"] {
  return {
    stdevFactor: checkNumber("ejection.successRate.stdevFactor", stdevFactor),
    minEndpoints: count("successRate.minEndpoints", minEndpoints, 2),
    minCalls: count("successRate.minCalls", minCalls),
  };
}

function readFailureRatio({ ratio = 0.85, minEndpoints = 5, minCalls = 50 }: FailureRatioOptions): EjectionRules["failureRatio"] {
  return {
    ratio: checkNumber("ejection.failureRatio.ratio", ratio, { min: Number.MIN_VALUE, max: 1 }),
    minEndpoints: count("failureRatio.minEndpoints", minEndpoints),
    minCalls: count("failureRatio.minCalls", minCalls),
  };
}

function count(option: string, value: number, min = 1): number {
  return checkNumber(`ejection.${option}`, value, { min, integer: true });
}
