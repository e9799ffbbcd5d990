import type { Clock } from "@breakwater/core";

/** Tells how much there is to do, compared with what can be done. */
export interface OverloadSignal {
  /** Stands in statistics, e.g. `event-loop-delay`. */
  readonly name: string;
  /** 1 and more is too much. Asked once a window. */
  read(now: number): number;
  /** Begins to measure, where that takes more than reading. */
  start?(clock: Clock): void;
  stop?(): void;
}
