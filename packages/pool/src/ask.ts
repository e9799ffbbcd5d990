import type { WaitOptions } from "@breakwater/core";
import type { AcquireOptions } from "./options.ts";

/** One acquire that has to wait, with the one absolute deadline that covers waiting, creating and validating. */
export class Ask implements WaitOptions {
  readonly signal: AbortSignal | undefined;
  readonly deadlineAt: number;
  readonly timeoutMs: number;
  readonly askedAt: number;

  constructor({ signal, deadlineAt = Infinity }: AcquireOptions, timeoutMs: number, now: number) {
    this.signal = signal;
    this.deadlineAt = Math.min(deadlineAt, now + timeoutMs);
    this.timeoutMs = timeoutMs;
    this.askedAt = now;
  }

  /** Which of the two limits is the nearer one. */
  get reason(): "timeout" | "deadline" {
    return this.deadlineAt < this.askedAt + this.timeoutMs ? "deadline" : "timeout";
  }
}
