import { parseOptions, wholeNumber } from "../command-line.ts";

/** What the user asked of the rolling restart, checked. */
export interface RestartArguments {
  readonly processes: number;
  /** Over how many connections HTTP clients ask, each as fast as it is answered. */
  readonly connections: number;
  /** How many WebSocket clients send messages, each as fast as it is answered. */
  readonly senders: number;
  /** How long all of them work before the first restart, between two, and after the last. */
  readonly settleMs: number;
  readonly json: boolean;
}

const options = {
  processes: { type: "string", default: "3" },
  connections: { type: "string", default: "20" },
  senders: { type: "string", default: "20" },
  "settle-ms": { type: "string", default: "1000" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/**
 * Reads what stands behind `rolling-restart`. "help" when help was asked for.
 *
 * @throws UsageError for an unknown option or a value out of range.
 */
export function readRestartArguments(argv: readonly string[]): RestartArguments | "help" {
  const values = parseOptions(argv, options);
  if (values.help) return "help";
  return {
    processes: wholeNumber("--processes", values.processes, 2, 16), // with one there is nobody to take over
    connections: wholeNumber("--connections", values.connections, 1, 1_000),
    senders: wholeNumber("--senders", values.senders, 1, 1_000),
    settleMs: wholeNumber("--settle-ms", values["settle-ms"], 100, 600_000),
    json: values.json,
  };
}
