import { checkFunction, checkNumber, noopMeter, systemClock, type Call, type Clock, type Meter } from "@breakwater/core";

/**
 * What happens when the time is over, or the caller goes away.
 *
 * - `cooperative`: the signal of the work is aborted, and the caller is answered when the work has ended, at the latest after
 *   the grace. Whatever is held round the call, a limiter's place, is held for as long as the work really runs.
 * - `aggressive`: the signal of the work is aborted, and the caller is answered at once, whatever the work does.
 */
export type TimeoutMode = "cooperative" | "aggressive";

/** What timeouts and deadlines have in common. `Result` is what `dispose` takes. */
export interface BoundOptions<Result = unknown> {
  /** Stands in errors and measurements. */
  readonly name?: string | undefined;
  /** How work is stopped. Default: `cooperative` for a timeout, `aggressive` for a deadline. */
  readonly mode?: TimeoutMode | undefined;
  /**
   * In cooperative mode: how long to wait for work that was told to stop, in ms from 0. Default 1,000; Infinity waits for its
   * end.
   */
  readonly graceMs?: number | undefined;
  /** Takes what the work gave when nobody wanted it any more: closes the connection, releases the lease. */
  readonly dispose?: ((lateResult: Result) => void | PromiseLike<void>) | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** Default: measures nothing. */
  readonly meter?: Meter | undefined;
}

export interface TimeoutOptions<Result = unknown> extends BoundOptions<Result> {
  /** How long one piece of work may take, in ms from 1; Infinity never times out. */
  readonly timeoutMs: number;
}

/** How long the work is expected to take, in ms. */
export type ExpectedMs = number | ((call: Call) => number);

export interface DeadlineOptions<Result = unknown> extends BoundOptions<Result> {
  /**
   * By when from now the request must be over, in ms from 1; a tighter deadline that the call has already stays. Default: none
   * of its own, and the call's is enforced.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * How long the work is expected to take, in ms from 0 to `timeoutMs`, or a function of the call: with less left it is not
   * started. Default 0.
   */
  readonly expectedMs?: ExpectedMs | undefined;
}

/** The common options, complete, checked, and independent of the object that was given. */
export interface Settings {
  readonly name: string | undefined;
  readonly isCooperative: boolean;
  readonly graceMs: number;
  readonly dispose: ((lateResult: unknown) => unknown) | undefined;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readOptions<Result>(options: BoundOptions<Result>, defaultMode: TimeoutMode): Settings {
  const { name, mode = defaultMode, graceMs = 1_000, dispose, clock = systemClock, meter = noopMeter } = options;
  if (dispose !== undefined) checkFunction("dispose", dispose);
  checkMode(mode);
  return {
    name,
    isCooperative: mode === "cooperative",
    graceMs: checkNumber("graceMs", graceMs),
    // What comes late is a Result whenever the caller keeps to the types of `run`, which take no work for anything else.
    dispose: dispose as Settings["dispose"],
    clock,
    meter,
  };
}

/** @throws TypeError or RangeError naming the option and the value. */
export function checkTimeoutMs(timeoutMs: unknown): number {
  return checkNumber("timeoutMs", timeoutMs, { min: 1 });
}

/** @throws TypeError or RangeError naming the option and the value. */
export function checkExpectedMs(expectedMs: ExpectedMs, timeoutMs: number): ExpectedMs {
  // With more than there ever is left it would refuse everybody.
  return typeof expectedMs === "function" ? expectedMs : checkNumber("expectedMs", expectedMs, { max: timeoutMs });
}

function checkMode(mode: unknown): void {
  if (mode === "cooperative" || mode === "aggressive") return;
  throw new RangeError(`mode must be "cooperative" or "aggressive", got ${String(mode)}`);
}
