import { checkFunction, checkNumber } from "@breakwater/core";

/** One dependency to ask. */
export interface CheckOptions {
  /**
   * Asks the dependency. It fails by throwing, by rejecting, by answering exactly `false`, or by not answering in time;
   * anything else passes. The signal aborts when nobody waits for the answer any more.
   */
  readonly check: (signal: AbortSignal) => unknown;
  /** How long it may take, in milliseconds. Default 1000; from 1; Infinity waits for ever. */
  readonly timeoutMs?: number | undefined;
  /** A run that passes but took longer, in milliseconds, is DEGRADED. Default Infinity, which is never; from 0. */
  readonly slowMs?: number | undefined;
  /** Whether its failure makes the whole UNHEALTHY, rather than DEGRADED. Default true. */
  readonly critical?: boolean | undefined;
  /** Pause between two runs while polling, in milliseconds. Default 10,000; from 1; Infinity runs it once, at the start. */
  readonly intervalMs?: number | undefined;
  /** So many failures in a row make it fail. Default 1; whole, from 1. */
  readonly failuresToFail?: number | undefined;
  /** So many passes in a row make it pass, at first and after it failed. Default 1; whole, from 1. */
  readonly successesToPass?: number | undefined;
  /** What it is, in the words of health+json: `datastore`, `system`, a URI. Default `component`. */
  readonly componentType?: string | undefined;
}

/** A check's options, complete and checked. */
export interface CheckSettings {
  readonly name: string;
  readonly check: (signal: AbortSignal) => unknown;
  readonly timeoutMs: number;
  readonly slowMs: number;
  readonly critical: boolean;
  readonly intervalMs: number;
  readonly failuresToFail: number;
  readonly successesToPass: number;
  readonly componentType: string;
  readonly staleAfterMs: number;
  readonly jitterRatio: number;
  readonly random: () => number;
}

/** What is the same for all checks of one object. `staleAfterMs` of undefined follows each check's interval. */
export type SharedCheckSettings = Pick<CheckSettings, "jitterRatio" | "random"> & { readonly staleAfterMs: number | undefined };

/** @throws TypeError or RangeError, naming the option and the value. */
export function readCheck(name: string, options: CheckOptions, { staleAfterMs, jitterRatio, random }: SharedCheckSettings): CheckSettings {
  const { check, critical = true, componentType = "component" } = options;
  const option = (key: string): string => `checks.${name}.${key}`;
  checkFunction(option("check"), check);
  checkBoolean(option("critical"), critical);
  if (typeof componentType !== "string") throw new TypeError(`${option("componentType")} must be a string, got ${typeof componentType}`);
  const intervalMs = checkNumber(option("intervalMs"), options.intervalMs ?? 10_000, { min: 1 });
  return {
    name,
    check,
    timeoutMs: checkNumber(option("timeoutMs"), options.timeoutMs ?? 1000, { min: 1 }),
    slowMs: checkNumber(option("slowMs"), options.slowMs ?? Infinity),
    critical,
    intervalMs,
    failuresToFail: checkNumber(option("failuresToFail"), options.failuresToFail ?? 1, { min: 1, integer: true }),
    successesToPass: checkNumber(option("successesToPass"), options.successesToPass ?? 1, { min: 1, integer: true }),
    componentType,
    staleAfterMs: staleAfterMs ?? 3 * intervalMs,
    jitterRatio,
    random,
  };
}

export function checkBoolean(option: string, value: unknown): void {
  if (typeof value !== "boolean") throw new TypeError(`${option} must be a boolean, got ${typeof value}`);
}
