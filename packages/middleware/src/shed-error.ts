import { RejectedError } from "@breakwater/core";

export interface ShedErrorOptions {
  readonly load: number;
  readonly priority: number;
  readonly threshold: number;
  readonly retryAfterMs: number;
  readonly source?: string | undefined;
}

/** There is too much to do for a call of this priority; it was not begun. */
export class ShedError extends RejectedError {
  declare readonly code: "ERR_SHED";
  declare readonly reason: "overloaded";
  declare readonly retryAfterMs: number;
  /** As it was read last. */
  readonly load: number;
  /** As it counted: the default one for a call that had none. */
  readonly priority: number;
  /** From which load on this priority is refused. */
  readonly threshold: number;

  static {
    this.prototype.name = "ShedError";
  }

  constructor({ load, priority, threshold, retryAfterMs, source }: ShedErrorOptions) {
    const who = `load shedding${source === undefined ? "" : ` ${source}`}`;
    const message = `${who}: priority ${priority} is refused from a load of ${round(threshold)} on, and it is ${round(load)}`;
    super("ERR_SHED", message, { reason: "overloaded", retryAfterMs, source });
    this.load = load;
    this.priority = priority;
    this.threshold = threshold;
  }
}

function round(load: number): number {
  return Math.round(load * 1_000) / 1_000;
}
