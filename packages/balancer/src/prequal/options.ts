import { checkFunction, checkNumber } from "@breakwater/core";
import type { LoadAnswer } from "./load-probe.ts";

export interface PrequalOptions<T> {
  /** Asks an endpoint for its load, e.g. what its {@link LoadProbe} answers. The signal ends it after `probeTimeoutMs`. */
  readonly probe: (value: T, signal: AbortSignal) => LoadAnswer | PromiseLike<LoadAnswer>;
  /** How many probes are sent for each pick, on the average: from 0. Default 3. */
  readonly probesPerPick?: number | undefined;
  /** How many answers are kept: a whole number from 2 to 1,000. Default 16. */
  readonly poolSize?: number | undefined;
  /** An answer older than that is not used, in ms from 1. Default 1,000. */
  readonly maxAgeMs?: number | undefined;
  /** How many answers are thrown away with each pick, on the average, the oldest and the worst in turn: from 0. Default 1. */
  readonly removesPerPick?: number | undefined;
  /** An endpoint is hot when it has more in flight than this share of the answers seen lately: from 0 to 1. Default 0.84. */
  readonly hotQuantile?: number | undefined;
  /** After so long a probe is aborted, in ms from 1. Default 1,000. */
  readonly probeTimeoutMs?: number | undefined;
  /** For so long a failure makes an endpoint the last choice, in ms. Default 1,000. */
  readonly failurePenaltyMs?: number | undefined;
}

export interface PrequalRules {
  readonly probe: (value: unknown, signal: AbortSignal) => LoadAnswer | PromiseLike<LoadAnswer>;
  readonly probesPerPick: number;
  readonly poolSize: number;
  readonly maxAgeMs: number;
  readonly removesPerPick: number;
  readonly hotQuantile: number;
  readonly probeTimeoutMs: number;
  readonly failurePenaltyMs: number;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readPrequal<T>(options: PrequalOptions<T>): PrequalRules {
  const { probe, probesPerPick = 3, poolSize = 16, maxAgeMs = 1_000, removesPerPick = 1 } = options;
  const { hotQuantile = 0.84, probeTimeoutMs = 1_000, failurePenaltyMs = 1_000 } = options;
  checkFunction("probe", probe);
  return {
    probe: probe as PrequalRules["probe"], // it gets the values of the balancer's own endpoints
    probesPerPick: checkNumber("probesPerPick", probesPerPick, { max: 100 }),
    poolSize: checkNumber("poolSize", poolSize, { min: 2, max: 1_000, integer: true }),
    maxAgeMs: checkNumber("maxAgeMs", maxAgeMs, { min: 1 }),
    removesPerPick: checkNumber("removesPerPick", removesPerPick, { max: 100 }),
    hotQuantile: checkNumber("hotQuantile", hotQuantile, { max: 1 }),
    probeTimeoutMs: checkNumber("probeTimeoutMs", probeTimeoutMs, { min: 1 }),
    failurePenaltyMs: checkNumber("failurePenaltyMs", failurePenaltyMs, { max: Number.MAX_VALUE }),
  };
}
