import { parseOptions, UsageError, wholeNumber } from "../command-line.ts";
import { attacks } from "./attacks/index.ts";
import type { Attack } from "./attacks/attack.ts";

/** What the user asked of the attacks, checked. */
export interface HostileArguments {
  readonly attacks: readonly Attack[];
  /** How long each of them lasts. */
  readonly seconds: number;
  /** Normal requests a second over HTTP; a quarter as many come over WebSocket. */
  readonly ratePerSecond: number;
  /** How many distinct keys come. */
  readonly keys: number;
  /** How long each normal client waits. */
  readonly deadlineMs: number;
  readonly json: boolean;
}

const options = {
  attack: { type: "string" },
  seconds: { type: "string", default: "3" },
  rate: { type: "string", default: "200" },
  keys: { type: "string", default: "1000000" },
  "deadline-ms": { type: "string", default: "1000" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/**
 * Reads what stands behind `hostile`. "help" when help was asked for.
 *
 * @throws UsageError for an unknown option or a value out of range.
 */
export function readHostileArguments(argv: readonly string[]): HostileArguments | "help" {
  const values = parseOptions(argv, options);
  if (values.help) return "help";
  return {
    attacks: chosen(values.attack),
    seconds: wholeNumber("--seconds", values.seconds, 2, 3_600), // the server's patience ends after 1.6
    ratePerSecond: wholeNumber("--rate", values.rate, 20, 800), // the rate of each of the ten clients is limited
    keys: wholeNumber("--keys", values.keys, 1_000, 100_000_000),
    deadlineMs: wholeNumber("--deadline-ms", values["deadline-ms"], 100, 60_000),
    json: values.json,
  };
}

function chosen(given: string | undefined): readonly Attack[] {
  const some = given === undefined ? attacks : attacks.filter(({ name }) => name === given);
  if (some.length > 0) return some;
  throw new UsageError(`--attack must be one of ${attacks.map(({ name }) => name).join(", ")}, got "${given ?? ""}"`);
}
