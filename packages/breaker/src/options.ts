import { checkFunction, checkNumber, noopMeter, systemClock, type Clock, type Meter } from "@breakwater/core";
import type { BreakLength } from "./circuit/break-length.ts";
import type { BreakerGate } from "./breaker-gate.ts";
import type { Classify } from "./classify.ts";
import { elapsed } from "./elapsed.ts";
import type { BreakerEvents, BreakerMode } from "./events.ts";
import { ManualControl } from "./control/manual-control.ts";
import { measuresOf, type Measures } from "./measures.ts";
import type { Rules } from "./circuit/rules.ts";
import { checkSnapshot, type BreakerSnapshot } from "./control/snapshot.ts";
import { checkRatio } from "./trips/ratio.ts";
import { checkTrip } from "./trips/check-trip.ts";
import { consecutiveFailures } from "./trips/consecutive-failures.ts";
import type { Trip } from "./trips/trip.ts";

export interface BreakerOptions<Result = unknown> {
  /** Stands in refusals and measurements. */
  readonly name?: string | undefined;
  /** When to open. Default {@link consecutiveFailures}(5). */
  readonly trip?: Trip | undefined;
  /**
   * How long to stay open before a probe may go, in ms from 1, or a function of the opening, as {@link exponentialBreak} makes.
   * Default 30,000; Infinity stays open until `reset`.
   */
  readonly breakMs?: number | BreakLength | undefined;
  /**
   * For a function in `breakMs`: so long closed takes one off the level, in ms. Default 10,000; 0 starts from the first level
   * each time, Infinity never comes down.
   */
  readonly decayMs?: number | undefined;
  /** How many calls go while half-open, for their results to decide: a whole number from 1 to 1,000,000. Default 1. */
  readonly probes?: number | undefined;
  /** What share of the probes must succeed to close it: above 0, to 1. Default 1. */
  readonly probeSuccessRatio?: number | undefined;
  /**
   * After how long a probe that has not settled loses its place to the next caller, in ms from 1. Default `breakMs`, or 30,000
   * where that is a function; Infinity waits for ever.
   */
  readonly probeTimeoutMs?: number | undefined;
  /** How long after closing it takes until all calls go, in ms. Default 0: all at once. */
  readonly rampMs?: number | undefined;
  /** The share of calls that go at the beginning of a ramp: above 0, to 1. Default 0.1. */
  readonly rampFrom?: number | undefined;
  /**
   * How values and errors count. By default a value is a success, a refusal and the caller's abort are neutral, and any
   * other error is a failure.
   */
  readonly classify?: Classify<Result> | undefined;
  /** What it does with its state to begin with; see {@link BreakerMode}. Default `auto`, or the snapshot's. */
  readonly mode?: BreakerMode | undefined;
  /** Isolates, disables and resets it together with others. */
  readonly control?: ManualControl | undefined;
  /** The state that another one was in, as its `toJSON` gave. */
  readonly snapshot?: BreakerSnapshot | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** Default: measures nothing. With one, each call is timed. */
  readonly meter?: Meter | undefined;
}

/** The options, complete, checked, and independent of the object that was given. Many gates may share it. */
export interface Settings {
  readonly name: string | undefined;
  readonly rules: Rules;
  readonly classify: Classify | undefined;
  readonly mode: BreakerMode;
  readonly control: ManualControl | undefined;
  readonly snapshot: BreakerSnapshot | undefined;
  readonly meter: Meter;
  readonly measures: Measures | undefined;
  readonly relay: Relay | undefined;
}

/** Hears all events of all gates. */
export interface Relay {
  has(type: keyof BreakerEvents): boolean;
  emit<Type extends keyof BreakerEvents>(type: Type, event: BreakerEvents[Type], from: BreakerGate): void;
}

const modes: readonly unknown[] = ["auto", "observing", "disabled"];

/** @throws TypeError or RangeError naming the option and the value. */
export function readOptions<Result>(options: BreakerOptions<Result>): Settings {
  const { name, classify, control, clock = systemClock, meter = noopMeter } = options;
  const snapshot = options.snapshot === undefined ? undefined : checkSnapshot(options.snapshot);
  const mode = options.mode ?? snapshot?.mode ?? "auto";
  if (classify !== undefined) checkFunction("classify", classify);
  checkMode(mode);
  if (control !== undefined && !(control instanceof ManualControl)) throw new TypeError("control must be a ManualControl");
  const measures = measuresOf(meter, name);
  return {
    name,
    rules: readRules(options, clock, measures !== undefined),
    // A value is a Result whenever the caller keeps to the types of `run`, which take no work for anything else.
    classify: classify as Classify | undefined,
    mode,
    control,
    snapshot,
    meter,
    measures,
    relay: undefined,
  };
}

function checkMode(mode: unknown): void {
  if (!modes.includes(mode)) throw new RangeError(`mode must be "auto", "observing" or "disabled", got ${String(mode)}`);
}

function readRules(options: BreakerOptions<never>, clock: Clock, isMeasured: boolean): Rules {
  const { trip = consecutiveFailures(), breakMs = 30_000, decayMs = 10_000, probes = 1, probeSuccessRatio = 1 } = options;
  const { probeTimeoutMs = typeof breakMs === "number" ? breakMs : 30_000, rampMs = 0, rampFrom = 0.1 } = options;
  checkTrip("trip", trip);
  if (typeof breakMs !== "function") checkNumber("breakMs", breakMs, { min: 1 });
  checkNumber("probes", probes, { min: 1, max: 1_000_000, integer: true });
  checkRatio("probeSuccessRatio", probeSuccessRatio);
  const slowMs = [...(trip.slowMs ?? [])].sort((a, b) => a - b);
  return {
    trip,
    breakMs,
    decayMs: checkNumber("decayMs", decayMs),
    probes,
    // 0.07 * 100 is above 7, by rounding.
    requiredSuccesses: Math.max(1, Math.ceil(probeSuccessRatio * probes - 1e-9)),
    probeTimeoutMs: checkNumber("probeTimeoutMs", probeTimeoutMs, { min: 1 }),
    rampMs: checkNumber("rampMs", rampMs, { max: Number.MAX_VALUE }),
    rampFrom: checkRatio("rampFrom", rampFrom),
    slowMs,
    isTimed: isMeasured || slowMs.length > 0,
    readsClock: slowMs.length > 0 || trip.readsClock !== false,
    now: elapsed(clock),
  };
}
