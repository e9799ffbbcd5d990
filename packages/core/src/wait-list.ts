import type { Clock } from "./clock.ts";
import { WaitLine, Waiter } from "./wait-line.ts";

/** A wait, as a promise: callers in a {@link WaitLine}, each of which is granted a value, refused, aborted, or out of time. */
export interface WaitOptions {
  /** Ends the wait with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the wait at this time, in the clock's milliseconds. */
  readonly deadlineAt?: number | undefined;
}

export interface WaitListOptions<Ask> {
  readonly clock: Clock;
  /** Makes the error of a wait that ran out of time. */
  readonly expired: (ask: Ask) => unknown;
  /** Called after a waiter left by abort or timeout: those behind it may be servable now. */
  readonly left?: () => void;
}

class PromisedWaiter<T, Ask> extends Waiter {
  readonly ask: Ask;
  readonly resolve: (value: T) => void;
  readonly refuse: (error: unknown) => void;

  constructor(ask: Ask, { signal, deadlineAt }: WaitOptions, resolve: (value: T) => void, reject: (error: unknown) => void) {
    super(signal, deadlineAt);
    this.ask = ask;
    this.resolve = resolve;
    this.refuse = reject;
  }
}

export class WaitList<T, Ask = undefined> {
  readonly #expired: (ask: Ask) => unknown;
  readonly #line: WaitLine<PromisedWaiter<T, Ask>>;
  /** Whom `next` named last. */
  #named: PromisedWaiter<T, Ask> | undefined = undefined;

  constructor({ clock, expired, left }: WaitListOptions<Ask>) {
    this.#expired = expired;
    this.#line = new WaitLine({ clock, expired: ({ ask }) => expired(ask), left });
  }

  get size(): number {
    return this.#line.size;
  }

  /** Joins the end of the line. Rejects at once when the signal is aborted or the deadline has passed. */
  wait(ask: Ask, options: WaitOptions): Promise<T> {
    const { signal, deadlineAt } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#line.isOver(deadlineAt)) return Promise.reject(this.#expired(ask));
    return new Promise<T>((resolve, reject) => this.#line.join(new PromisedWaiter(ask, options, resolve, reject)));
  }

  /**
   * The next waiter to be served, with what it asks for. Those that are aborted or out of time are rejected on the way.
   * What follows in the same turn, `grant` or `refuse`, is for this one: neither asks the clock again, so nobody else can
   * get what was measured for it.
   */
  next(): { readonly ask: Ask } | undefined {
    this.#named = this.#line.next();
    return this.#named;
  }

  /** Hands the value to the waiter that {@link next} named. False when nobody waits. */
  grant(value: T): boolean {
    const waiter = this.#take();
    waiter?.resolve(value);
    return waiter !== undefined;
  }

  /** Ends the wait of the waiter that {@link next} named. False when nobody waits. */
  refuse(error: unknown): boolean {
    const waiter = this.#take();
    waiter?.refuse(error);
    return waiter !== undefined;
  }

  #take(): PromisedWaiter<T, Ask> | undefined {
    const named = this.#named;
    this.#named = undefined;
    if (named !== undefined && this.#line.take(named)) return named;
    const waiter = this.#line.next();
    return waiter !== undefined && this.#line.take(waiter) ? waiter : undefined;
  }
}
