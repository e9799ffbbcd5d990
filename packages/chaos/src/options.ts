import { checkFunction, checkNumber, noopMeter, warn, type Call, type Meter } from "@breakwater/core";
import type { ChaosSwitch } from "./chaos-switch.ts";
import { seededRandom } from "./seeded-random.ts";

/** Which calls are touched: those for which it is enabled, `when` says so, and the dice fall below `rate`. */
export interface ChaosOptions<Input = unknown, Needs extends Call = Call> {
  /** The share of the matching calls that is touched, 0 to 1, or a function that is asked for each of them. */
  readonly rate: number | ((input: Input, call: Needs) => number);
  /** Which calls match. Default all. */
  readonly when?: ((input: Input, call: Needs) => boolean) | undefined;
  /**
   * Whether it does anything. `false`, or a `rate` that is 0, is for good and costs nothing: the layer gives back the very
   * service it is put round. A {@link ChaosSwitch} turns several layers on and off together; a function is asked at each call.
   * Default true.
   */
  readonly enabled?: boolean | ChaosSwitch | (() => boolean) | undefined;
  /**
   * Makes the injections repeatable: the same calls in the same order meet the same ones. A whole number from 0 to 2^32-1.
   * Layers with the same seed throw the same dice, so give each its own. Default: not repeatable.
   */
  readonly seed?: number | undefined;
  /** Instead of a seed: gives numbers from 0 (included) to 1 (excluded). Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Stands in events, in the default error and in the attributes of the measurements. */
  readonly name?: string | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface Settings<Input, Needs extends Call> {
  readonly rate: number | ((input: Input, call: Needs) => number);
  readonly when: ((input: Input, call: Needs) => boolean) | undefined;
  readonly toggle: ChaosSwitch | undefined;
  readonly isEnabled: (() => boolean) | undefined;
  readonly random: () => number;
  readonly name: string | undefined;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readOptions<Input, Needs extends Call>(options: ChaosOptions<Input, Needs>): Settings<Input, Needs> {
  const { rate, when, enabled = true, name, meter = noopMeter } = options;
  if (typeof rate !== "function") checkNumber("rate", rate, { max: 1 });
  if (when !== undefined) checkFunction("when", when);
  return {
    rate: enabled === false ? 0 : rate,
    when,
    toggle: toggleOf(enabled),
    isEnabled: typeof enabled === "function" ? enabled : undefined,
    random: readRandom(options),
    name,
    meter,
  };
}

function toggleOf(enabled: boolean | ChaosSwitch | (() => boolean)): ChaosSwitch | undefined {
  if (typeof enabled === "boolean" || typeof enabled === "function") return undefined;
  // By its shape: the switch may be of another copy of this module.
  if (typeof (enabled as Partial<ChaosSwitch> | null)?.isOn === "boolean") return enabled;
  throw new TypeError(`enabled must be a boolean, a function or a ChaosSwitch, got ${typeof enabled}`);
}

function readRandom({ seed, random }: Pick<ChaosOptions, "seed" | "random">): () => number {
  if (random !== undefined) {
    checkFunction("random", random);
    if (seed !== undefined) throw new TypeError(`seed must not be given with random, got ${seed}`);
    return contained(random);
  }
  if (seed === undefined) return Math.random;
  return seededRandom(checkNumber("seed", seed, { max: 2 ** 32 - 1, integer: true }));
}

/** What throws, or gives no number from 0 to 1, is replaced for that time, with a warning: it is no fault of the call. */
function contained(random: () => number): () => number {
  return () => {
    try {
      return checkNumber("random()", random(), { max: 1 });
    } catch (error) {
      warn(error);
      return Math.random();
    }
  };
}
