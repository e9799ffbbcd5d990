import {
  checkFunction,
  checkNumber,
  noopMeter,
  outcomeOfError,
  systemClock,
  type Call,
  type Clock,
  type Meter,
  type Outcome,
} from "@breakwater/core";
import type { Classify } from "./call-watch.ts";
import type { Limits } from "./error-rate.ts";

/** One dependency to ask. */
export interface CheckOptions {
  /**
   * Asks the dependency. It fails by throwing, by rejecting, by answering exactly `false`, or by not answering in time;
   * anything else passes. The signal aborts when nobody waits for the answer any more.
   */
  readonly check: (signal: AbortSignal) => unknown;
  /** How long it may take, in milliseconds. Default 1000; from 1; Infinity waits for ever. */
  readonly timeoutMs?: number | undefined;
  /** Whether its failure makes the whole UNHEALTHY, rather than DEGRADED. Default true. */
  readonly critical?: boolean | undefined;
  /** Pause between two runs while polling, in milliseconds. Default 10,000; from 1; Infinity runs it once, at the start. */
  readonly intervalMs?: number | undefined;
}

export interface HealthOptions {
  /** Length of the window, in milliseconds. It moves in ten steps. Default 60,000; from 1; Infinity never forgets. */
  readonly windowMs?: number | undefined;
  /** With fewer calls in the window the last verdict stays. Default 20; whole, from 1. */
  readonly minimumCalls?: number | undefined;
  /** DEGRADED from this share of failures on. Default 0.01; 0 to `unhealthyRatio`; 0 means any failure. */
  readonly degradedRatio?: number | undefined;
  /** UNHEALTHY from this share of failures on. Default 0.05; `degradedRatio` to 1. */
  readonly unhealthyRatio?: number | undefined;
  /** The dependencies, by name. Default none. */
  readonly checks?: Readonly<Record<string, CheckOptions>> | undefined;
  /** A check's answer of this age, in milliseconds, counts as UNKNOWN. Default three times the check's `intervalMs`. */
  readonly staleAfterMs?: number | undefined;
  /** How `run` and `layer` count an error. Default core's `outcomeOfError`: refusals and the caller's abort are neutral. */
  readonly classify?: ((error: unknown, call: Call) => Outcome) | undefined;
  /** Goes into the attributes of the measurements. */
  readonly name?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly meter?: Meter | undefined;
}

/** A check's options, complete and checked. */
export interface CheckSettings {
  readonly name: string;
  readonly check: (signal: AbortSignal) => unknown;
  readonly timeoutMs: number;
  readonly critical: boolean;
  readonly intervalMs: number;
  readonly staleAfterMs: number;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface Settings {
  readonly windowMs: number;
  readonly limits: Limits;
  readonly checks: readonly CheckSettings[];
  readonly classify: Classify;
  readonly name: string | undefined;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError, naming the option and the value. */
export function readOptions(options: HealthOptions): Settings {
  const { classify = outcomeOfError, checks = {}, staleAfterMs } = options;
  checkFunction("classify", classify);
  if (staleAfterMs !== undefined) checkNumber("staleAfterMs", staleAfterMs, { min: 1 });
  return {
    windowMs: checkNumber("windowMs", options.windowMs ?? 60_000, { min: 1 }),
    limits: readLimits(options),
    checks: Object.entries(checks).map(([name, check]) => readCheck(name, check, staleAfterMs)),
    classify,
    name: options.name,
    clock: options.clock ?? systemClock,
    meter: options.meter ?? noopMeter,
  };
}

function readLimits({ minimumCalls = 20, degradedRatio = 0.01, unhealthyRatio = 0.05 }: HealthOptions): Limits {
  checkNumber("minimumCalls", minimumCalls, { min: 1, integer: true });
  checkNumber("unhealthyRatio", unhealthyRatio, { max: 1 });
  checkNumber("degradedRatio", degradedRatio, { max: unhealthyRatio });
  return { minimumCalls, degradedRatio, unhealthyRatio };
}

function readCheck(name: string, options: CheckOptions, staleAfterMs: number | undefined): CheckSettings {
  const { check, timeoutMs = 1000, critical = true, intervalMs = 10_000 } = options;
  checkFunction(`checks.${name}.check`, check);
  checkNumber(`checks.${name}.timeoutMs`, timeoutMs, { min: 1 });
  checkNumber(`checks.${name}.intervalMs`, intervalMs, { min: 1 });
  if (typeof critical !== "boolean") throw new TypeError(`checks.${name}.critical must be a boolean, got ${typeof critical}`);
  return { name, check, timeoutMs, critical, intervalMs, staleAfterMs: staleAfterMs ?? 3 * intervalMs };
}
