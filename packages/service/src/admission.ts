import type { Clock, Service } from "@breakwater/core";
import { ConcurrencyLimiter } from "@breakwater/limiter";
import type { ArrivingCall, Measured, ReceivedCall } from "./measured.ts";

export interface AdmissionOptions {
  readonly limiter: ConcurrencyLimiter;
  readonly measured: Measured;
  /** Read where a request may have waited before it comes here, in another limiter; without one it comes as it arrived. */
  readonly clock?: Clock | undefined;
}

/**
 * A limiter, and what measures what it lets through, as one.
 *
 * How it works, and why. As two layers they would follow the same promise one after the other, and read the clock once more. But nearly
 * all requests find room at once. Such a one takes its permit here, is measured from now on, and gives the permit back when
 * it is counted. The others, who wait or are refused, take the two layers. So do all at a limiter that is no `ConcurrencyLimiter` of this
 * copy: one that learns judges by rules of its own how a request ended.
 */
export function admission<In, Out>(next: Service<In, Out, ReceivedCall>, { limiter, measured, clock }: AdmissionOptions): Service<In, Out, ArrivingCall> {
  const waiting = limiter.layer(measured.layer(next));
  if (Object.getPrototypeOf(limiter) !== ConcurrencyLimiter.prototype) return waiting;
  return (input, call) => {
    const now = clock === undefined ? call.receivedAt : clock.now();
    const permit = isOver(call, now) ? undefined : limiter.tryAcquire();
    return permit === undefined ? waiting(input, call) : measured.serve(next, input, call, { at: now, permit });
  };
}

/** Its limiter says why. */
function isOver({ signal, deadlineAt }: ArrivingCall, now: number): boolean {
  // Written so that a deadline which is no number goes to the limiter.
  return signal?.aborted === true || (deadlineAt !== undefined && !(deadlineAt > now));
}
