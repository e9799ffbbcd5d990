import type { StrategyPolicy } from "./strategy.ts";
import { windowed, type Seen, type WindowedLimitOptions } from "./windowed-limit.ts";

/**
 * Gradient2: shrinks in proportion to how much slower calls have become, beyond what is tolerated, and always adds a
 * little for a queue.
 *
 *     gradient = 1.5 x unqueued / mean, within 0.5 .. 1          limit <- 0.8 limit + 0.2 (limit x gradient + 4)
 *
 * Source: Netflix/concurrency-limits. There the mean is compared with a mean over a long time, which under a lasting load
 * becomes the same: the gradient is 1 then, and the limit climbs to its maximum (#137, #134). Here it is compared with the
 * probed time without a queue; failures, which it ignored (#176), count as for every strategy.
 */
const tolerance = 1.5;
const queueSize = 4;
const smoothing = 0.2;

function limitFor({ limit, meanMs, unqueuedMs }: Seen): number {
  const gradient = Math.min(1, Math.max(0.5, (tolerance * unqueuedMs) / meanMs));
  return (1 - smoothing) * limit + smoothing * (limit * gradient + queueSize);
}

/**
 * Follows the ratio of latencies, smoothly; tolerates calls that take half as long again as without a queue.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function gradient2(options: WindowedLimitOptions = {}): StrategyPolicy {
  return windowed(limitFor, options);
}
