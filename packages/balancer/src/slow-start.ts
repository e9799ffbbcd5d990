import { checkNumber } from "@breakwater/core";

export interface SlowStartOptions {
  /** How long after joining or returning it takes until an endpoint has its whole share, in ms: from 1. */
  readonly windowMs: number;
  /** The form of the way there: 1 is a straight line, more begins faster, less later. Above 0. Default 1. */
  readonly aggression?: number | undefined;
  /** The share to begin with: above 0, to 1. Default 0.1. */
  readonly minWeight?: number | undefined;
}

/**
 * How much of its weight an endpoint gets while it is new: `max(minWeight, (age / windowMs)^(1 / aggression))`, as in Envoy. An age of
 * less than a ms counts as one.
 *
 * Policies that go by load divide it by the share: weights alone would not hold back the herd that finds an endpoint without load.
 */
export class SlowStart {
  readonly windowMs: number;
  readonly #exponent: number;
  readonly #least: number;

  /** @throws TypeError or RangeError naming the option and the value. */
  constructor({ windowMs, aggression = 1, minWeight = 0.1 }: SlowStartOptions) {
    this.windowMs = checkNumber("slowStart.windowMs", windowMs, { min: 1, max: Number.MAX_VALUE });
    this.#exponent = 1 / checkNumber("slowStart.aggression", aggression, { min: 1e-3, max: 1e3 });
    this.#least = checkNumber("slowStart.minWeight", minWeight, { min: 1e-6, max: 1 });
  }

  shareAt(ageMs: number): number {
    if (ageMs >= this.windowMs) return 1;
    return Math.min(1, Math.max(this.#least, (Math.max(ageMs, 1) / this.windowMs) ** this.#exponent));
  }
}
