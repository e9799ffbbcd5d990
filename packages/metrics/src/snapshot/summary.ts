import type { Summary } from "../distribution.ts";
import type { DistributionSnapshot } from "../snapshot.ts";
import { samplesOf } from "./merged-histogram.ts";

/**
 * Count, rate, mean and quantiles of a distribution out of a snapshot, merged or not: `reading.lifetime` or one of
 * `reading.windows`. Without samples mean, min, max and quantiles are NaN.
 */
export function summaryOf(distribution: DistributionSnapshot): Summary {
  return samplesOf(distribution).summary(distribution.seconds);
}
