import type { StrategyPolicy } from "./strategy.ts";
import { windowed, type Seen, type WindowedLimitOptions } from "./windowed-limit.ts";

/**
 * The gradient controller of Envoy: the limit is multiplied by how far calls are from what is tolerated, both ways, and
 * given a root of itself as head-room.
 *
 *     gradient = 1.25 x unqueued / mean, within 0.5 .. 2         limit <- limit x gradient + sqrt(limit x gradient)
 *
 * Source: Envoy, adaptive concurrency filter. There the limit grows to its maximum when nobody uses it, and each probe
 * pins it to 3 for 50 calls, which takes a service of 1 s a quarter of its time; see {@link WindowedLimit} and {@link Probe}
 * for what is done instead.
 */
const tolerance = 1.25;

function limitFor({ limit, meanMs, unqueuedMs }: Seen): number {
  const gradient = Math.min(2, Math.max(0.5, (tolerance * unqueuedMs) / meanMs));
  return limit * gradient + Math.sqrt(limit * gradient);
}

/**
 * Follows the ratio of latencies at once: quick, and less steady than {@link gradient2}.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function gradient(options: WindowedLimitOptions = {}): StrategyPolicy {
  return windowed(limitFor, options);
}
