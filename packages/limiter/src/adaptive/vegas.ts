import type { StrategyPolicy } from "./strategy.ts";
import { windowed, type Seen, type WindowedLimitOptions } from "./windowed-limit.ts";

/**
 * Vegas: keeps a small queue. From the two latencies it estimates how much of what is in flight is queued, and steps up
 * while that is less than it wants, down while it is more.
 *
 *     queue = limit x (1 - unqueued / mean)
 *
 *     queue   0 ..... lg ........ 3 lg ......... 6 lg .........     lg = log10(limit), at least 1
 *     step      +6 lg      +lg          stay            -lg
 *
 * Source: Brakmo and Peterson, TCP Vegas (1994), with the steps of Netflix/concurrency-limits. Unlike there the unqueued
 * time is a probed mean, and latencies are means of windows: with single calls, the one that was fastest so far makes all
 * others look queued, and half the capacity is given away.
 */
function limitFor({ limit, meanMs, unqueuedMs }: Seen): number {
  const step = Math.max(1, Math.floor(Math.log10(limit)));
  const queue = Math.ceil(limit * (1 - unqueuedMs / meanMs));
  if (queue <= step) return limit + 6 * step;
  if (queue < 3 * step) return limit + step;
  return queue > 6 * step ? limit - step : limit;
}

/**
 * Keeps a small queue at the dependency, by steps: steady, and slow to follow a large change.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function vegas(options: WindowedLimitOptions = {}): StrategyPolicy {
  return windowed(limitFor, options);
}
