import type { Service } from "@breakwater/core";
import { ConcurrencyLimiter } from "@breakwater/limiter";
import type { ArrivingCall, Measured, ReceivedCall } from "./measured.ts";

/**
 * A limiter, and what measures what it lets through, as one.
 *
 * How it works, and why. As two layers they would follow the same promise one after the other, and read the clock once more. But nearly
 * all requests find room at once. Such a one takes its permit here, is measured from its arrival on, and gives the permit back when
 * it is counted. The others, who wait or are refused, take the two layers. So do all at a limiter that is no `ConcurrencyLimiter` of this
 * copy: one that learns judges by rules of its own how a request ended.
 */
export function admission<In, Out>(limiter: ConcurrencyLimiter, measured: Measured, next: Service<In, Out, ReceivedCall>): Service<In, Out, ArrivingCall> {
  const waiting = limiter.layer(measured.layer(next));
  if (!(limiter instanceof ConcurrencyLimiter)) return waiting;
  return (input, call) => {
    const permit = isOver(call) ? undefined : limiter.tryAcquire();
    return permit === undefined ? waiting(input, call) : measured.serve(next, input, call, call.receivedAt, permit);
  };
}

/** Its limiter says why. */
function isOver({ signal, deadlineAt, receivedAt }: ArrivingCall): boolean {
  // Written so that a deadline which is no number goes to the limiter.
  return signal?.aborted === true || (deadlineAt !== undefined && !(deadlineAt > receivedAt));
}
