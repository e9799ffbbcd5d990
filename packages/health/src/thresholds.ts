import { checkNumber } from "@breakwater/core";
import type { Limits } from "./error-rate.ts";

/** When the error rate of the window becomes which verdict, and when it may take it back. Ratios are 0 to 1. */
export interface ThresholdOptions {
  /** With fewer calls in the window the last verdict stays. Default 20; whole, from 1. */
  readonly minimumCalls?: number | undefined;
  /** DEGRADED from this share of failures on. Default 0.05; 0 to `unhealthyRatio`; 0 means any failure. */
  readonly degradedRatio?: number | undefined;
  /** UNHEALTHY from this share of failures on. Default 0.2; `degradedRatio` to 1. */
  readonly unhealthyRatio?: number | undefined;
  /** DEGRADED until the share was below this for `dwellMs`. Default 0.8 x `degradedRatio`; 0 to `degradedRatio`. */
  readonly leaveDegradedRatio?: number | undefined;
  /** UNHEALTHY until the share was below this for `dwellMs`. Default 0.8 x `unhealthyRatio`; 0 to `unhealthyRatio`. */
  readonly leaveUnhealthyRatio?: number | undefined;
  /** How long the share must have been low before the verdict gets better, in milliseconds. Default 10,000; from 0. */
  readonly dwellMs?: number | undefined;
  /**
   * A bad verdict for which there have been too few calls for so long, in milliseconds, is given up: UNKNOWN. Default 60,000;
   * from 0; Infinity keeps it.
   */
  readonly keepVerdictMs?: number | undefined;
}

/** DEGRADED from 1 % failures on, UNHEALTHY from 5 %: for services that hardly ever fail. Spread it into the options. */
export const strictThresholds: { readonly degradedRatio: 0.01; readonly unhealthyRatio: 0.05 } = Object.freeze({
  degradedRatio: 0.01,
  unhealthyRatio: 0.05,
});

/** @throws TypeError or RangeError, naming the option and the value. */
export function readLimits(options: ThresholdOptions): Limits {
  const unhealthyRatio = checkNumber("unhealthyRatio", options.unhealthyRatio ?? 0.2, { max: 1 });
  const degradedRatio = checkNumber("degradedRatio", options.degradedRatio ?? 0.05, { max: unhealthyRatio });
  const { leaveDegradedRatio = lower(degradedRatio), leaveUnhealthyRatio = lower(unhealthyRatio) } = options;
  return {
    minimumCalls: checkNumber("minimumCalls", options.minimumCalls ?? 20, { min: 1, integer: true }),
    degradedRatio,
    leaveDegradedRatio: checkNumber("leaveDegradedRatio", leaveDegradedRatio, { max: degradedRatio }),
    unhealthyRatio,
    leaveUnhealthyRatio: checkNumber("leaveUnhealthyRatio", leaveUnhealthyRatio, { max: unhealthyRatio }),
    dwellMs: checkNumber("dwellMs", options.dwellMs ?? 10_000),
    keepVerdictMs: checkNumber("keepVerdictMs", options.keepVerdictMs ?? 60_000),
  };
}

// 0.8 x 0.05 is 0.04000000000000001, and 4 of 100 would be below it. Twelve digits give the double that a user would write.
function lower(ratio: number): number {
  return Number((0.8 * ratio).toPrecision(12));
}
