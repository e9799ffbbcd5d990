import { parseArgs, type ParseArgsConfig } from "node:util";

/** A wrong option: one clear line for the user, exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<O extends Options> = ReturnType<typeof parseArgs<{ args: string[]; options: O; strict: true }>>["values"];

/** @throws UsageError with one line that says what is wrong. */
export function parseOptions<const O extends Options>(argv: readonly string[], options: O): Values<O> {
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    // parseArgs explains at length how to escape a dash; its first sentence says what is wrong, if not so that one would see it.
    const [sentence = "wrong option"] = (error instanceof Error ? error.message : String(error)).split(/\.\s|\n/);
    throw new UsageError(sentence.replace(/\.$/, "").replace(/argument is ambiguous$/, "needs a value"));
  }
}

export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option} must be a whole number from ${min} to ${max}, got "${text}"`);
}

export function share(option: string, text: string): number {
  const value = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN;
  if (value <= 1) return value;
  throw new UsageError(`${option} must be a number from 0 to 1, got "${text}"`);
}
