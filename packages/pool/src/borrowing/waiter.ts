import { Waiter } from "@breakwater/core";
import type { AcquireOptions } from "../options.ts";
import type { SlotLease } from "./lease.ts";

/** What the pool adds to what the caller asks for. */
export interface AskedNow {
  readonly now: number;
  readonly timeoutMs: number;
  /** Whether this wait has the pool's own timeout and no other limit. */
  readonly isUsual: boolean;
  /** The stack of the acquire, where leaks are looked for. */
  readonly origin: string | undefined;
}

/** One acquire that has to wait, with the one absolute deadline that covers waiting, creating and validating. */
export class PoolWaiter<R> extends Waiter {
  readonly askedAt: number;
  readonly priority: number;
  readonly timeoutMs: number;
  /** The limit of a usual wait, which is kept by {@link Patience} and not by a deadline of its own. */
  readonly usualEndAt: number | undefined;
  readonly origin: string | undefined;
  readonly grant: (lease: SlotLease<R>) => void;
  readonly refuse: (error: unknown) => void;

  constructor(
    { signal, deadlineAt = Infinity, priority = 0 }: AcquireOptions,
    { timeoutMs, now, isUsual, origin }: AskedNow,
    grant: (lease: SlotLease<R>) => void,
    refuse: (error: unknown) => void,
  ) {
    const endAt = Math.min(deadlineAt, now + timeoutMs);
    super(signal, isUsual ? undefined : endAt);
    this.askedAt = now;
    this.priority = priority;
    this.timeoutMs = timeoutMs;
    this.usualEndAt = isUsual && timeoutMs < Infinity ? endAt : undefined;
    this.origin = origin;
    this.grant = grant;
    this.refuse = refuse;
  }

  /** Which of the two limits is the nearer one. */
  get reason(): "timeout" | "deadline" {
    return (this.deadlineAt ?? Infinity) < this.askedAt + this.timeoutMs ? "deadline" : "timeout";
  }
}
