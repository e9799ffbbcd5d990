import { Waiter } from "@breakwater/core";
import type { AcquireOptions } from "../options.ts";
import type { SlotLease } from "./lease.ts";

/**
 * One acquire that has to wait, with the one absolute deadline that covers waiting, creating and validating.
 *
 * In a crowd, memory is most of what a wait costs: whatever can be worked out from the rest has no field.
 */
export class PoolWaiter<R> extends Waiter {
  readonly askedAt: number;
  readonly timeoutMs: number;
  readonly priority: number;
  /** The stack of the acquire, where leaks are looked for. */
  readonly origin: string | undefined;
  readonly grant: (lease: SlotLease<R>) => void;
  readonly refuse: (error: unknown) => void;

  /** `endsAt`: undefined for a usual wait, whose limit {@link Patience} keeps. */
  constructor(
    { signal, priority = 0 }: AcquireOptions,
    askedAt: number,
    timeoutMs: number,
    endsAt: number | undefined,
    origin: string | undefined,
    grant: (lease: SlotLease<R>) => void,
    refuse: (error: unknown) => void,
  ) {
    super(signal, endsAt);
    this.askedAt = askedAt;
    this.timeoutMs = timeoutMs;
    this.priority = priority;
    this.origin = origin;
    this.grant = grant;
    this.refuse = refuse;
  }

  /** Whether it has the pool's own timeout and no other limit. */
  get isUsual(): boolean {
    return this.deadlineAt === undefined;
  }

  /** The end of a usual wait. */
  get usualEndAt(): number {
    return this.askedAt + this.timeoutMs;
  }

  /** Which of the two limits is the nearer one. */
  get reason(): "timeout" | "deadline" {
    return (this.deadlineAt ?? Infinity) < this.askedAt + this.timeoutMs ? "deadline" : "timeout";
  }
}
