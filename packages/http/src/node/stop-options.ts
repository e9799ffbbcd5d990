import { checkNumber } from "@breakwater/core";

export interface StopOptions {
  /** How long to serve on as before, so that load balancers notice first, in ms from 0, finite. Default 0. */
  readonly lameDuckMs?: number | undefined;
  /** How long calls in flight may then go on, in ms from 0. Default 10,000. */
  readonly graceMs?: number | undefined;
  /** After that, how long aborted calls may take to let go before their connections are destroyed, in ms from 0. Default 1,000. */
  readonly abortMs?: number | undefined;
}

export interface CheckedStopOptions {
  readonly lameDuckMs: number;
  readonly graceMs: number;
  readonly abortMs: number;
}

/** @throws TypeError or RangeError naming the option and the value. */
export function checkStopOptions({ lameDuckMs = 0, graceMs = 10_000, abortMs = 1_000 }: StopOptions): CheckedStopOptions {
  return {
    lameDuckMs: checkNumber("lameDuckMs", lameDuckMs, { max: Number.MAX_VALUE }),
    graceMs: checkNumber("graceMs", graceMs),
    abortMs: checkNumber("abortMs", abortMs),
  };
}

/** How a server's stop went. */
export interface ServerStopReport {
  /** Whether all connections had ended by themselves within the grace. */
  readonly isDrained: boolean;
  /** What was left then. */
  readonly forced: {
    /** Requests whose signal was aborted. */
    readonly requests: number;
    /** Connections that still were there after `abortMs`, WebSockets included, and were destroyed. */
    readonly connections: number;
  };
  readonly durationMs: {
    readonly lameDuck: number;
    /** From the last accepted connection until all was idle, or the grace over. */
    readonly grace: number;
    /** From the aborts until the end; 0 when nothing was forced. */
    readonly forced: number;
  };
}
