/** What a number given by a user must satisfy. */
export interface NumberRange {
  /** Smallest value allowed. Default 0. */
  readonly min?: number;
  /** Largest value allowed. Default Infinity, which is itself allowed. */
  readonly max?: number;
  /** Whole numbers only; Infinity passes where `max` lets it. Default false. */
  readonly integer?: boolean;
}

/**
 * Checks a number once, where it enters, and returns it.
 *
 * @throws TypeError if it is no number; RangeError if it is outside the range. Both name the option and the value.
 */
export function checkNumber(option: string, value: unknown, range: NumberRange = {}): number {
  const { min = 0, max = Infinity, integer = false } = range;
  if (typeof value !== "number") throw new TypeError(`${option} must be a number, got ${describe(value)}`);
  const isWhole = !integer || Number.isInteger(value) || value === Infinity;
  if (value >= min && value <= max && isWhole) return value;
  throw new RangeError(`${option} must be ${integer ? "a whole number" : "a number"} from ${min} to ${max}, got ${value}`);
}

/**
 * Checks a function once, where it enters.
 *
 * @throws TypeError naming the option and the value.
 */
export function checkFunction(option: string, value: unknown): void {
  if (typeof value !== "function") throw new TypeError(`${option} must be a function, got ${describe(value)}`);
}

function describe(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : value === null ? "null" : typeof value;
}
