import { checkFunction, checkNumber, noopMeter, systemClock, type Call, type Clock, type Meter } from "@breakwater/core";
import { budgetOf, type Budget } from "../budget/budget.ts";
import type { LatencyQuantile } from "./latency-quantile.ts";

/** A delay that is measured: a {@link LatencyQuantile}, of whichever copy of this module, or something like it. */
export type MeasuredDelay = Pick<LatencyQuantile, "delayMs" | "record">;

export interface HedgeOptions<Result = unknown> {
  /**
   * How long tries may take before the next one is sent, in ms: a number from 0, or a `latencyQuantile`. 0 sends all at once,
   * Infinity the next one only after a failure. While a quantile has too few samples nothing is hedged.
   */
  readonly delayMs: number | MeasuredDelay;
  /** How many tries a call may have beyond the first: a whole number from 1 to 10. Default 1. */
  readonly maxHedges?: number | undefined;
  /**
   * Each call deposits, each hedge withdraws; without cover it is not sent, and no other for that call. May be shared with others.
   * Default a `RetryBudget` of its own: a tenth of the calls, and one a second. `false`: no bound but `maxHedges`.
   */
  readonly budget?: Budget | false | undefined;
  /**
   * What an error of a try means. True: no try can mend it, so the call ends with it at once. False: the try has failed, and the
   * next one is sent. Undefined, the default: the same as false, but a refusal (a `RejectedError`) sends nothing, nor does an error
   * on which an inner retry gave up. `call` is the caller's. One that throws costs the call nothing: that becomes a process warning,
   * and the default holds.
   */
  readonly isFatal?: ((error: unknown, call: Call) => boolean | undefined) | undefined;
  /**
   * Gets the results that come after their call has settled: closes a connection, cancels a body. What it throws, or rejects
   * with, becomes a process warning. Default: they are left to the garbage collector.
   */
  readonly dispose?: ((result: Result) => void | PromiseLike<void>) | undefined;
  /**
   * Whether the work may be done more than once, of all calls, or of this one. What may not is never hedged. Default true. One
   * that throws says no, with a process warning.
   */
  readonly idempotent?: boolean | ((call: Call) => boolean) | undefined;
  /** Stands in measurements, and in the reason with which losers are aborted. */
  readonly name?: string | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface HedgeSettings {
  /** Fixed; undefined when it is measured. */
  readonly delayMs: number | undefined;
  readonly measured: MeasuredDelay | undefined;
  readonly maxHedges: number;
  readonly budget: Budget | undefined;
  readonly isFatal: ((error: unknown, call: Call) => boolean | undefined) | undefined;
  readonly dispose: ((result: unknown) => void | PromiseLike<void>) | undefined;
  readonly idempotent: boolean | ((call: Call) => boolean);
  readonly name: string | undefined;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readHedgeOptions<Result>(options: HedgeOptions<Result>): HedgeSettings {
  const { delayMs, maxHedges = 1, isFatal, dispose, idempotent = true, name, clock = systemClock, meter = noopMeter } = options;
  checkFunction("clock.now", (clock as Partial<Clock> | null)?.now); // JavaScript callers may pass anything
  if (isFatal !== undefined) checkFunction("isFatal", isFatal);
  if (dispose !== undefined) checkFunction("dispose", dispose);
  if (typeof idempotent !== "boolean") checkFunction("idempotent", idempotent);
  return {
    ...readDelay(delayMs),
    maxHedges: checkNumber("maxHedges", maxHedges, { min: 1, max: 10, integer: true }),
    budget: budgetOf(options.budget, clock),
    isFatal,
    // A result is a Result whenever the caller keeps to the types of `run`, which take no work for anything else.
    dispose: dispose as HedgeSettings["dispose"],
    idempotent,
    name,
    clock,
    meter,
  };
}

function readDelay(delay: number | MeasuredDelay): Pick<HedgeSettings, "delayMs" | "measured"> {
  if (typeof delay !== "object" || (delay as MeasuredDelay | null) === null) {
    return { delayMs: checkNumber("delayMs", delay), measured: undefined };
  }
  const { delayMs, record } = delay as object as Readonly<Record<"delayMs" | "record", unknown>>; // it may be anything
  checkFunction("delayMs.delayMs", delayMs);
  checkFunction("delayMs.record", record);
  return { delayMs: undefined, measured: delay };
}
