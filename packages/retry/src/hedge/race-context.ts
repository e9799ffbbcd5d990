import type { Deadlines } from "@breakwater/core";
import type { HedgeLedger } from "./ledger.ts";
import type { HedgeSettings } from "./options.ts";

/** What the calls of one hedge share. */
export interface RaceContext {
  readonly settings: HedgeSettings;
  readonly ledger: HedgeLedger;
  readonly deadlines: Deadlines;
  /** Whether it is of any use when a call started. */
  readonly readsClock: boolean;
}
