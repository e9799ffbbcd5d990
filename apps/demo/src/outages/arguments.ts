import { parseOptions, wholeNumber } from "../command-line.ts";

/** What the user asked of the outages, checked. */
export interface OutageArguments {
  readonly ratePerSecond: number;
  /** How long each dependency is gone. */
  readonly phaseMs: number;
  /** How long each client waits. */
  readonly deadlineMs: number;
  readonly json: boolean;
}

const options = {
  rate: { type: "string", default: "100" },
  "phase-ms": { type: "string", default: "2000" },
  "deadline-ms": { type: "string", default: "1000" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/**
 * Reads what stands behind `outages`. "help" when help was asked for.
 *
 * @throws UsageError for an unknown option or a value out of range.
 */
export function readOutageArguments(argv: readonly string[]): OutageArguments | "help" {
  const values = parseOptions(argv, options);
  if (values.help) return "help";
  return {
    ratePerSecond: wholeNumber("--rate", values.rate, 20, 10_000), // with less no breaker has enough to judge by
    phaseMs: wholeNumber("--phase-ms", values["phase-ms"], 500, 600_000),
    deadlineMs: wholeNumber("--deadline-ms", values["deadline-ms"], 100, 60_000),
    json: values.json,
  };
}
