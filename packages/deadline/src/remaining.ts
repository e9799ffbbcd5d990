import { systemClock, widen, type Call, type Clock } from "@breakwater/core";

/** What is left until the call's deadline, in ms: 0 when it has passed, Infinity when there is none, or one that is no number. */
export function remainingMs(call: Call, clock: Clock = systemClock): number {
  const { deadlineAt } = call;
  if (deadlineAt === undefined || !(deadlineAt < Infinity)) return Infinity;
  return Math.max(0, deadlineAt - clock.now());
}

/**
 * The call with a deadline so many ms from now, or the very same call where it has a tighter one or `timeoutMs` is undefined or
 * Infinity: what came in with a request can shorten a deadline, never extend it. 0 or less has passed already. It enforces
 * nothing: that is for a `Deadline`.
 */
export function shrinkDeadline<C extends Call>(call: C, timeoutMs: number | undefined, clock: Clock = systemClock): C {
  if (timeoutMs === undefined || !(timeoutMs < Infinity)) return call;
  const deadlineAt = clock.now() + timeoutMs;
  if (call.deadlineAt !== undefined && call.deadlineAt <= deadlineAt) return call;
  return widen(call, { deadlineAt }) as Call as C; // a C, but for the one property of Call
}
