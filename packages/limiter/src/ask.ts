import { Waiter, type Call, type Clock } from "@breakwater/core";
import { checkPriority, checkTimeout, type AcquireOptions } from "./options.ts";
import type { QueueDiscipline } from "./queue/discipline.ts";

/** What is the same for all who wait at one limiter. */
export interface Terms {
  readonly clock: Clock;
  readonly queue: QueueDiscipline;
  readonly queueTimeoutMs: number;
  /** Whether somebody wants to know how long a wait took. */
  readonly isTimed: boolean;
}

/** Somebody who waits for a place: what a queue's discipline sees. */
export abstract class Ask extends Waiter {
  readonly weight: number;
  /** 0 is the most important. */
  readonly priority: number;
  /** Whom it is counted under, where the queue is fair across keys. */
  readonly key: unknown;
  /** When it joined, in the clock's ms, if somebody wants to know; otherwise 0. */
  readonly since: number;
  /** What ends the wait, should it come to that. */
  readonly endsBy: "timeout" | "deadline";

  /** @throws TypeError or RangeError for a wrong option, and whatever the queue's `keyOf` throws. */
  constructor({ clock, queue, queueTimeoutMs, isTimed }: Terms, weight: number, call: Call, options: AcquireOptions) {
    const timeoutMs = options.timeoutMs === undefined ? queueTimeoutMs : checkTimeout(options.timeoutMs);
    // The clock is read only if the wait has a time limit of its own, or somebody wants to know how long it was.
    const since = timeoutMs < Infinity || isTimed ? clock.now() : 0;
    const { deadlineAt = Infinity } = call;
    super(call.signal, Math.min(since + timeoutMs, deadlineAt));
    this.weight = weight;
    this.priority = checkPriority(options.priority ?? call.priority ?? 0);
    this.key = options.key ?? queue.keyOf?.(call);
    this.since = since;
    this.endsBy = deadlineAt < since + timeoutMs ? "deadline" : "timeout";
  }

  /** Its turn has come, and its place is taken. Calls nobody. */
  abstract serve(): void;
}
