import type { Service } from "@breakwater/core";
import { TimeoutError } from "@breakwater/deadline";
import type { Answer, ClientCall, Outbound, Sending } from "./answer.ts";
import type { ClientSettings } from "./options.ts";

const overdue = new WeakSet();

/** Whether an attempt was ended by the call's deadline after it had had most of the time that there was. */
export function isOverdue(error: unknown): boolean {
  return typeof error === "object" && error !== null && overdue.has(error);
}

/**
 * An attempt whose failure tells the breaker when it was the origin that took the call's time.
 *
 * How it works, and why. A deadline ends an attempt as a caller does who goes away, and that says nothing of the origin. But where the
 * deadline is no longer than the time of an attempt, no attempt ever times out: an origin that hangs would cost each call its whole
 * deadline, and no breaker would hear of it. So an attempt that has had half of the client's own deadline, and has answered nothing
 * when it is over, has failed. Rejected: counting each that a deadline ends. The last of several, or one for a caller in a hurry,
 * may have had a moment, and anybody could open the breaker for all by asking with deadlines that nobody can keep.
 */
export function timed<Out extends Outbound<A>, A extends Answer>(
  { deadlineMs = Infinity, timeoutMs, clock }: ClientSettings<A>,
  attempt: Service<Sending<Out>, A, ClientCall>,
): Service<Sending<Out>, A, ClientCall> {
  if (timeoutMs < deadlineMs || deadlineMs === Infinity) return attempt; // its own timeout comes first
  return async (sending, call) => {
    const sentAt = clock.now();
    try {
      return await attempt(sending, call);
    } catch (error) {
      const reason: unknown = call.signal?.reason;
      const isLate = reason instanceof TimeoutError && reason.reason === "deadline" && clock.now() - sentAt >= deadlineMs / 2;
      if (isLate && typeof error === "object" && error !== null) overdue.add(error);
      throw error;
    }
  };
}
