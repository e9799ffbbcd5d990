import { parseOptions, share, UsageError, wholeNumber } from "./command-line.ts";

/** What the user asked of the performance test, checked. */
export interface Arguments {
  readonly mode: "timers" | "compare" | "real";
  readonly requests: number;
  readonly workers: number;
  /** Share of the external API's answers that fail, 0 to 1. */
  readonly failRate: number;
  readonly seed: number;
  readonly json: boolean;
}

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
  const values = parseOptions(argv, options);
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
