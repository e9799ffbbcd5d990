import type { Clock, Meter } from "@breakwater/core";
import { ConcurrencyLimiter, type ConcurrencyLimiterOptions } from "@breakwater/limiter";

/** A limiter of one's own, or options for one. */
export type LimiterOption = ConcurrencyLimiter | ConcurrencyLimiterOptions;

/** @throws TypeError or RangeError naming the option and the value. */
export function limiterOf(
  given: LimiterOption | undefined,
  common: { readonly name: string; readonly clock: Clock; readonly meter: Meter },
): ConcurrencyLimiter {
  const isObject: boolean = typeof given === "object" && (given as unknown) !== null; // what JavaScript may pass
  if (given !== undefined && !isObject) throw new TypeError(`limiter must be an object, got ${given as unknown === null ? "null" : typeof given}`);
  // By its shape: a limiter of another copy of the package is one as well.
  if (given !== undefined && "layer" in given) return given;
  return new ConcurrencyLimiter({ limit: Infinity, ...common, ...given });
}
