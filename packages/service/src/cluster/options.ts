import { availableParallelism } from "node:os";
import { checkNumber, systemClock, type Clock } from "@breakwater/core";
import { RestartPlan, type RestartOptions } from "./restart-plan.ts";

export interface FleetOptions {
  /** How many workers, whole, from 1 to 1024. Default: as many as the machine runs at a time. */
  readonly workers?: number | undefined;
  /** How long a worker may take until it says that it is ready, in ms from 0; then it is killed. Default 30,000. */
  readonly readyTimeoutMs?: number | undefined;
  /**
   * How long a worker that was told to stop may take, in ms from 0; then it is killed. It must be more than the worker's own
   * budget, of grace, abort and resources. Default 20,000.
   */
  readonly stopTimeoutMs?: number | undefined;
  /** When workers that ended unasked are replaced. */
  readonly restarts?: RestartOptions | undefined;
  /** Stands in errors and in health. Default `workers`. */
  readonly name?: string | undefined;
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
}

/** The options, complete, checked, and independent of the object that was given. */
export interface FleetSettings {
  readonly workers: number;
  readonly readyTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly plan: RestartPlan;
  readonly name: string;
  readonly clock: Clock;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function readFleetOptions(options: FleetOptions): FleetSettings {
  const { workers = availableParallelism(), readyTimeoutMs = 30_000, stopTimeoutMs = 20_000, name = "workers", clock = systemClock } = options;
  return {
    workers: checkNumber("workers", workers, { min: 1, max: 1024, integer: true }),
    readyTimeoutMs: checkNumber("readyTimeoutMs", readyTimeoutMs),
    stopTimeoutMs: checkNumber("stopTimeoutMs", stopTimeoutMs),
    plan: new RestartPlan(options.restarts),
    name,
    clock,
  };
}
