import { isLent, LinkedAbort, noCall, widen, type Call, type Service } from "@breakwater/core";
import { begin } from "./begin.ts";
import type { ArrivingCall } from "./measured.ts";

export interface DoorOptions<In, Out> {
  /** Admission, measurement, middleware and handler, in this order. */
  readonly entry: Service<In, Out, ArrivingCall>;
  /** Aborted when a stop runs out of patience. */
  readonly stop: AbortSignal;
  /** Goes into the call. */
  readonly operation?: string | undefined;
  /** How long a request may take from its arrival on, in ms. Default Infinity. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Where a request comes in: it gets the call that is the service's own, with the time of its arrival, and a signal that follows
 * both the caller's and the stop's.
 *
 * The time that an operation has runs from here, so that waiting for admission is charged to it.
 */
export class Door<In, Out> {
  readonly #entry: Service<In, Out, ArrivingCall>;
  readonly #stop: AbortSignal;
  readonly #operation: string | undefined;
  readonly #timeoutMs: number;

  constructor({ entry, stop, operation, timeoutMs = Infinity }: DoorOptions<In, Out>) {
    this.#entry = entry;
    this.#stop = stop;
    this.#operation = operation;
    this.#timeoutMs = timeoutMs;
  }

  enter(input: In, call: Call, receivedAt: number): Promise<Out> {
    if (call === noCall) return begin(this.#entry, input, this.#additions(call, undefined, receivedAt));
    const { signal } = call;
    // One that is lent the stop aborts itself: see Measured.
    if (signal === undefined || isLent(signal)) return begin(this.#entry, input, widen(call, this.#additions(call, signal, receivedAt)));
    const link = new LinkedAbort(signal, this.#stop);
    return begin(this.#entry, input, widen(call, this.#additions(call, link.signal, receivedAt))).finally(link.release);
  }

  #additions({ deadlineAt }: Call, signal: AbortSignal | undefined, receivedAt: number): ArrivingCall {
    if (this.#operation === undefined) return { signal, receivedAt };
    if (this.#timeoutMs === Infinity) return { signal, receivedAt, operation: this.#operation };
    const ownAt = receivedAt + this.#timeoutMs;
    // Written so that a deadline which is no number is replaced.
    const isTighter = deadlineAt !== undefined && deadlineAt < ownAt;
    return { signal, receivedAt, operation: this.#operation, deadlineAt: isTighter ? deadlineAt : ownAt };
  }
}
