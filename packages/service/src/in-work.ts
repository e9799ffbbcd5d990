import { abortLent } from "@breakwater/core";
import type { ReceivedCall } from "./measured.ts";

/** A place in the ring: between itself and itself while it stands in none. */
interface Place {
  previous: Place;
  next: Place;
}

/** One request that was admitted and has not settled. Not derived from a class of places: Node 20 takes 50 ns for `super()`. */
export class Admitted implements Place {
  readonly call: ReceivedCall;
  /** In the clock's milliseconds. */
  readonly at: number;
  previous: Place = this;
  next: Place = this;

  constructor(call: ReceivedCall, at: number) {
    this.call = call;
    this.at = at;
  }
}

class Ends implements Place {
  previous: Place = this;
  next: Place = this;
}

/**
 * The requests in work whose callers brought a signal, for a stop that runs out of patience: signals that were lent to the service it
 * aborts itself, which spares each call one that follows two. A ring, since each comes and goes once: a Set would hash it twice and
 * grow anew every few requests.
 */
export class InWork {
  readonly #ends = new Ends();

  add(request: Admitted): void {
    const last = this.#ends.previous;
    request.previous = last;
    request.next = this.#ends;
    last.next = request;
    this.#ends.previous = request;
  }

  /** Does nothing to one that is not there. */
  delete(request: Admitted): void {
    request.previous.next = request.next;
    request.next.previous = request.previous;
    // One that was kept would keep all that came after it.
    request.previous = request;
    request.next = request;
  }

  /** Aborts the signals that were lent. */
  abort(reason: unknown): void {
    const signals: AbortSignal[] = [];
    for (let place = this.#ends.next; place instanceof Admitted; place = place.next) signals.push(place.call.signal);
    for (const signal of signals) abortLent(signal, reason);
  }
}
