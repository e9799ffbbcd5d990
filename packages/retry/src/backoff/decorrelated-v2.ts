import { checkNumber } from "@breakwater/core";
import type { Backoff } from "./backoff.ts";

export interface DecorrelatedV2Options {
  /** About the median of the first delay, in ms from 0. Default 100. */
  readonly initialMs?: number | undefined;
  /** No delay is longer: in ms from `initialMs`, finite. Default 30,000, or `initialMs` if that is more. */
  readonly maxMs?: number | undefined;
}

/** Divides the formula, so that the first delays are about `initialMs`. */
const scale = 1.4;
/** From here on the powers leave the numbers' range, and the delay has long been `maxMs`. */
const lastAttempt = 1_000;

/**
 * How it works, and why.
 *
 * Delays of AWS's kinds of jitter cluster: the many who failed together come back in waves at the powers of two. Here time is cut at
 * random points of a smooth curve that grows like them, `f(t) = 2^t * tanh(sqrt(4 t))`: before each retry a point is drawn,
 * `t = attempt + U[0, 1)`, and the delay is how much the curve rose since the point before. So all moments are about equally likely, and
 * the sum of the delays follows the curve. What is remembered is the curve's last value, for each call by itself.
 *
 * The formula is Polly's, `DecorrelatedJitterBackoffV2`, with its constants.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function decorrelatedV2(options: DecorrelatedV2Options = {}): Backoff {
  const { initialMs = 100 } = options;
  checkNumber("initialMs", initialMs, { max: Number.MAX_VALUE });
  const { maxMs = Math.max(30_000, initialMs) } = options;
  checkNumber("maxMs", maxMs, { min: initialMs, max: Number.MAX_VALUE });
  return {
    start: (random) => {
      let last = 0;
      return (attempt) => {
        if (attempt > lastAttempt) return initialMs === 0 ? 0 : maxMs;
        const at = attempt - 1 + random();
        const next = 2 ** at * Math.tanh(Math.sqrt(4 * at));
        const rise = Math.max(0, next - last);
        last = next;
        return Math.min((rise / scale) * initialMs, maxMs);
      };
    },
  };
}
