import { parseArgs } from "node:util";
import type { Experiment } from "./experiment.ts";

/** What the user asked for, checked. */
export interface Arguments {
  readonly names: readonly string[];
  readonly seeds: readonly number[];
  readonly json: boolean;
  readonly markdown: boolean;
}

/** A wrong option: one clear line for the user, exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const most = 100;

export function helpFor(experiments: readonly Experiment[]): string {
  const width = Math.max(...experiments.map(({ name }) => name.length));
  const lines = experiments.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`);
  return `Usage: sim [experiment...] [options]

Regenerates the tables by which the defaults are justified: simulations in virtual time that drive the real limiters. The
same seeds give the same figures on every machine.

Experiments (default: all):
${lines.join("\n")}

  --seeds N    how many seeds, 1 to ${most}; default 5
  --json       print the tables as JSON, and nothing else
  --markdown   print the tables as Markdown
  --help       print this

Exit status: 0 every claim holds, 1 one does not, 2 a wrong option.
`;
}

const options = {
  seeds: { type: "string", default: "5" },
  json: { type: "boolean", default: false },
  markdown: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/**
 * Reads the command line. "help" when help was asked for.
 *
 * @throws UsageError for an unknown option or experiment.
 */
export function readArguments(argv: readonly string[], known: readonly string[]): Arguments | "help" {
  const { values, positionals } = parse(argv);
  if (values.help) return "help";
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no experiment "${unknown}"; there are ${known.join(", ")}`);
  if (values.json && values.markdown) throw new UsageError("--json and --markdown exclude each other");
  const seeds = Number(values.seeds);
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > most) {
    throw new UsageError(`--seeds must be a whole number from 1 to ${most}, got ${values.seeds}`);
  }
  return {
    names: positionals.length === 0 ? known : known.filter((name) => positionals.includes(name)),
    seeds: Array.from({ length: seeds }, (_, index) => index + 1),
    json: values.json,
    markdown: values.markdown,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
  } catch (error) {
    // parseArgs explains at length how to escape a dash; its first sentence says what is wrong.
    const [sentence = "wrong option"] = (error instanceof Error ? error.message : String(error)).split(/\.\s|\n/);
    throw new UsageError(sentence.replace(/\.$/, ""));
  }
}
