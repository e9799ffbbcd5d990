import { checkNumber } from "@breakwater/core";
import type { Backoff } from "./backoff.ts";
import { spreadOf, type Jitter } from "./jitter.ts";

export interface LinearOptions {
  /** Before the first retry, in ms from 0. Default 100. */
  readonly initialMs?: number | undefined;
  /** So much more before each one after it, in ms from 0. Default `initialMs`. */
  readonly stepMs?: number | undefined;
  /** No delay is longer, jitter included: in ms from `initialMs`, finite. Default 30,000, or `initialMs` if that is more. */
  readonly maxMs?: number | undefined;
  /** Default `polly`: a quarter less to a quarter more. */
  readonly jitter?: Jitter | undefined;
}

/**
 * Delays that grow by the same amount each time.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function linear(options: LinearOptions = {}): Backoff {
  const { initialMs = 100, jitter = "polly" } = options;
  checkNumber("initialMs", initialMs, { max: Number.MAX_VALUE });
  const { stepMs = initialMs, maxMs = Math.max(30_000, initialMs) } = options;
  checkNumber("stepMs", stepMs, { max: Number.MAX_VALUE });
  checkNumber("maxMs", maxMs, { min: initialMs, max: Number.MAX_VALUE });
  const spread = spreadOf(jitter);
  const delayOf = (attempt: number): number => Math.min(initialMs + stepMs * (attempt - 1), maxMs);
  return { start: (random) => (attempt) => Math.min(spread(delayOf(attempt), random), maxMs) };
}
