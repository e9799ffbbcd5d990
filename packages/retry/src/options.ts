import { checkFunction, checkNumber, noopMeter, systemClock, type Call, type Clock, type Meter } from "@breakwater/core";
import { backoffOf, type Backoff, type DelayOf } from "./backoff/backoff.ts";
import { exponential } from "./backoff/exponential.ts";
import { budgetOf, type Budget } from "./budget/budget.ts";
import type { RetryContext } from "./events.ts";
import { retryAfterMs } from "./retry-after.ts";

/**
 * Whether an error is one to be retried; undefined leaves it to the default. An error on which an inner retry gave up is not, whatever it is,
 * unless the answer is "anyway".
 */
export type RetryIf = (error: unknown, context: RetryContext) => boolean | "anyway" | undefined;

export interface RetryOptions<Result = unknown> {
  /** Stands in measurements, and in the description of the layer. */
  readonly name?: string | undefined;
  /** How often the work may be started, the first time included: a whole number from 1, or Infinity. Default 3. */
  readonly attempts?: number | undefined;
  /**
   * How long all attempts and waits may take, in ms from 0: no attempt is started later. The attempts are told by `deadlineAt`; nothing
   * here ends one that goes on for longer. Default Infinity.
   */
  readonly totalMs?: number | undefined;
  /** How long to wait before each retry. Default {@link exponential}(): up to 100 ms, 200 ms, 400 ms ... 30 s. */
  readonly backoff?: Backoff | DelayOf | undefined;
  /** What limits the retries of all calls together. Default a `RetryBudget` of its own; false for none. */
  readonly budget?: Budget | false | undefined;
  /**
   * Which errors to retry. By default failures: neither refusals (any `RejectedError`) nor what an inner retry gave up on. Not asked, and
   * nothing retried, when the caller has gone away.
   */
  readonly retryIf?: RetryIf | undefined;
  /** Which results to retry, as if they were errors. Default none. The last one is returned as it is. */
  readonly retryResultIf?: ((result: Result, context: RetryContext) => boolean) | undefined;
  /**
   * Whether the work may be done twice. If not, only refusals are retried, because then nothing was started, and only where `retryIf`
   * says so. Default true.
   */
  readonly idempotent?: boolean | ((call: Call) => boolean) | undefined;
  /** Keeps the errors of earlier attempts for `giveUpOf(error).errors`. Default false. */
  readonly keepErrors?: boolean | undefined;
  /** The least wait that an error or a bad result asks for, in ms from 0; undefined for none. Default {@link retryAfterMs}. */
  readonly retryAfter?: ((subject: unknown, context: RetryContext) => number | undefined) | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** From 0 to below 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface Rules {
  readonly name: string | undefined;
  readonly attempts: number;
  readonly totalMs: number;
  readonly backoff: Backoff;
  readonly budget: Budget | undefined;
  readonly retryIf: RetryIf | undefined;
  readonly retryResultIf: ((result: unknown, context: RetryContext) => boolean) | undefined;
  readonly idempotent: boolean | ((call: Call) => boolean);
  readonly keepsErrors: boolean;
  readonly retryAfter: (subject: unknown, context: RetryContext) => number | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readOptions<Result>(options: RetryOptions<Result>): Rules {
  const { name, attempts = 3, totalMs = Number.POSITIVE_INFINITY, backoff = exponential(), retryIf, retryResultIf } = options;
  const { idempotent = true, keepErrors = false, retryAfter = (subject) => retryAfterMs(subject) } = options;
  const { clock = systemClock, random = Math.random, meter = noopMeter } = options;
  if (retryIf !== undefined) checkFunction("retryIf", retryIf);
  if (retryResultIf !== undefined) checkFunction("retryResultIf", retryResultIf);
  if (typeof idempotent !== "boolean") checkFunction("idempotent", idempotent);
  checkFunction("retryAfter", retryAfter);
  checkFunction("random", random);
  checkFunction("clock.now", (clock as Partial<Clock> | null)?.now); // JavaScript callers may pass anything
  return {
    name,
    attempts: checkNumber("attempts", attempts, { min: 1, integer: true }),
    totalMs: checkNumber("totalMs", totalMs),
    backoff: backoffOf(backoff),
    budget: budgetOf(options.budget, clock),
    retryIf,
    // A value is a Result whenever the caller keeps to the types of `run`, which take no work for anything else.
    retryResultIf: retryResultIf as Rules["retryResultIf"],
    idempotent,
    keepsErrors: checkBoolean("keepErrors", keepErrors),
    retryAfter,
    clock,
    random,
    meter,
  };
}

function checkBoolean(option: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new TypeError(`${option} must be true or false, got ${typeof value}`);
}
