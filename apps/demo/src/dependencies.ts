import type { Call } from "@breakwater/core";
import type { Meter } from "@breakwater/core";
import type { Resource } from "@breakwater/service";
import type { Request } from "./workload.ts";

/** What stands behind the service of the faithful test: a database and an external API. */
export interface Dependencies {
  /** What the report says of them. */
  readonly description: string;
  /** Started before the test and stopped after it. */
  readonly resources: readonly Resource[];
  /** Takes 10 ms of a database connection. */
  query(request: Request, call: Call): Promise<string>;
  /** Takes 50 ms of the external API. */
  callApi(request: Request, call: Call): Promise<unknown>;
  /** How many database connections were made, and how many queries ran on one that was there. */
  connections(): ConnectionReport;
}

export interface ConnectionReport {
  readonly made: number;
  readonly reused: number;
}

export interface DependencyOptions {
  readonly workers: number;
  /** Requests whose call of the external API fails. */
  readonly failing: ReadonlySet<number>;
  readonly meter: Meter;
}

/** The external API answered that it failed. Tests ask for this with --fail-rate. */
export class ApiError extends Error {
  override readonly name = "ApiError";
}
