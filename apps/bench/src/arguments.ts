import { parseArgs } from "node:util";

/** What the user asked for, checked. */
export interface Arguments {
  /** Names of the groups to run, in the order in which they stand in the bench. */
  readonly groups: readonly string[];
  readonly quick: boolean;
  readonly json: boolean;
  /** An outside program whose figures join the service group. */
  readonly reference: string | undefined;
}

/** A wrong option: one clear line for the user, exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const helpFor = (groups: readonly string[]): string => `Usage: bench [group...] [options]

Times every pattern against its floor, the bare thing without protection, and against its rivals, in one process, in turn.
Read the ratios: absolute times wobble with the machine.

Groups: ${groups.join(", ")} (default: all)

  --quick           shorter rounds: a group in less than 10 s
  --json            print the rows as JSON, and nothing else
  --reference FILE  run this Python program and add its figures to the service group; it prints lines such as
                    "concurrency 100: 175000 req/s, 5.70 us/request"
  --help            print this

Exit status: 0 done, 1 a candidate or the reference failed, 2 a wrong option.
`;

const options = {
  quick: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  reference: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

/**
 * Reads the command line. "help" when help was asked for.
 *
 * @throws UsageError for an unknown option or group.
 */
export function readArguments(argv: readonly string[], known: readonly string[]): Arguments | "help" {
  const { values, positionals } = parse(argv);
  if (values.help) return "help";
  const unknown = positionals.find((group) => !known.includes(group));
  if (unknown !== undefined) throw new UsageError(`there is no group "${unknown}"; there are ${known.join(", ")}`);
  const groups = positionals.length === 0 ? known : known.filter((group) => positionals.includes(group));
  if (values.reference !== undefined && !groups.includes("service")) {
    throw new UsageError("--reference adds to the group service, which is not asked for");
  }
  return { groups, quick: values.quick, json: values.json, reference: values.reference };
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
