import { parseArgs } from "node:util";

/** What the user asked for, checked. */
export interface Arguments {
  readonly mode: "timers" | "compare" | "real";
  readonly requests: number;
  readonly workers: number;
  /** Share of the external API's answers that fail, 0 to 1. */
  readonly failRate: number;
  readonly seed: number;
  readonly json: boolean;
}

/** A wrong option: one clear line for the user, exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const help = `Usage: demo [options]

The performance test: a burst of requests through a composed service, each 10 ms of database and 50 ms of external API.

  --requests N    how many requests arrive at once (default 1000)
  --workers N     how many are served at a time (default 100)
  --fail-rate P   share of the external API's answers that fail, 0 to 1 (default 0)
  --seed S        which of them fail: the same seed, the same requests (default 1)
  --compare       run it side by side with a bare semaphore on bare timers
  --real          nothing simulated: PostgreSQL (DATABASE_URL, else an embedded server) and an HTTP upstream
  --json          print the report as JSON
  --help          print this

Exit status: 0 all well, 1 a request failed that was not asked to, 2 a wrong option, 130 interrupted.
`;

const options = {
  requests: { type: "string", default: "1000" },
  workers: { type: "string", default: "100" },
  "fail-rate": { type: "string", default: "0" },
  seed: { type: "string", default: "1" },
  compare: { type: "boolean", default: false },
  real: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/**
 * Reads the command line. "help" when help was asked for.
 *
 * @throws UsageError for an unknown option or a value out of range.
 */
export function readArguments(argv: readonly string[]): Arguments | "help" {
  const values = parse(argv);
  if (values.help) return "help";
  if (values.compare && values.real) throw new UsageError("--compare and --real exclude each other");
  const failRate = share("--fail-rate", values["fail-rate"]);
  if (values.compare && failRate > 0) throw new UsageError("--compare times requests that succeed: leave --fail-rate out");
  return {
    mode: values.compare ? "compare" : values.real ? "real" : "timers",
    requests: wholeNumber("--requests", values.requests, 1, 1_000_000),
    workers: wholeNumber("--workers", values.workers, 1, 100_000),
    failRate,
    seed: wholeNumber("--seed", values.seed, 0, 2 ** 32 - 1),
    json: values.json,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values;
  } catch (error) {
    // parseArgs explains at length how to escape a dash; its first sentence says what is wrong.
    const [sentence = "wrong option"] = (error instanceof Error ? error.message : String(error)).split(/\.\s|\n/);
    throw new UsageError(sentence.replace(/\.$/, ""));
  }
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option} must be a whole number from ${min} to ${max}, got "${text}"`);
}

function share(option: string, text: string): number {
  const value = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN;
  if (value <= 1) return value;
  throw new UsageError(`${option} must be a number from 0 to 1, got "${text}"`);
}
