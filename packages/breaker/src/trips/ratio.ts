import { checkNumber } from "@breakwater/core";

/** @throws TypeError or RangeError unless it is above 0, to 1. */
export function checkRatio(option: string, value: unknown): number {
  const ratio = checkNumber(option, value, { max: 1 });
  if (ratio === 0) throw new RangeError(`${option} must be above 0, got 0`);
  return ratio;
}
