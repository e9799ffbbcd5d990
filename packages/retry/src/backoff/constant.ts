import { checkNumber } from "@breakwater/core";
import type { Backoff } from "./backoff.ts";
import { spreadOf, type Jitter } from "./jitter.ts";

export interface ConstantOptions {
  /** In ms from 0; finite. */
  readonly delayMs: number;
  /** Default `polly`: a quarter less to a quarter more. */
  readonly jitter?: Jitter | undefined;
}

/**
 * The same delay before each retry.
 *
 * @throws TypeError or RangeError naming the option and the value.
 */
export function constant({ delayMs, jitter = "polly" }: ConstantOptions): Backoff {
  checkNumber("delayMs", delayMs, { max: Number.MAX_VALUE });
  const spread = spreadOf(jitter);
  return { start: (random) => () => Math.min(spread(delayMs, random), Number.MAX_VALUE) };
}
