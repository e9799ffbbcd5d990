/**
 * How chance changes a delay `d`, so that those who failed together do not come back together:
 *
 * - `none`: not at all.
 * - `full`: 0 to d. The least load, by the AWS architecture blog, and so the default of {@link exponential}.
 * - `equal`: d/2 to d.
 * - `polly`: 3/4 d to 5/4 d, as Polly has it for delays that do not grow by powers.
 */
export type Jitter = "none" | "full" | "equal" | "polly";

type Spread = (delayMs: number, random: () => number) => number;

const spreads: Readonly<Record<Jitter, Spread>> = {
  none: (delayMs) => delayMs,
  full: (delayMs, random) => delayMs * random(),
  equal: (delayMs, random) => delayMs / 2 + (delayMs / 2) * random(),
  polly: (delayMs, random) => delayMs * 0.75 + delayMs * 0.5 * random(),
};

/** @throws RangeError naming the option and the value. */
export function spreadOf(jitter: Jitter): Spread {
  if (Object.hasOwn(spreads, jitter)) return spreads[jitter];
  throw new RangeError(`jitter must be one of ${Object.keys(spreads).join(", ")}, got ${jitter as string}`);
}
