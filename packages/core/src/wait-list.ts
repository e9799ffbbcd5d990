import { ignoreAbort, listenForAbort, type AbortListener } from "./abort-hub.ts";
import type { Clock } from "./clock.ts";
import { Deadlines, type Expiring } from "./deadlines.ts";
import { Fifo, FifoNode } from "./fifo.ts";

/**
 * The abortable wait: callers in a line, each of which is granted a value, aborted, or out of time; exactly one of them.
 *
 * The value is *handed over*: `grant` takes the next waiter out and settles it in the same turn, so no newcomer can
 * steal what was freed for it, and a wake-up cannot be lost on a waiter that is just going away. Whoever was granted
 * owns the value, even if its signal aborts before its code continues. A waiter whose time is over is never granted
 * anything, also when a blocked event loop keeps the timer from saying so.
 */
export interface WaitOptions {
  /** Ends the wait with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the wait at this time, in the clock's milliseconds. */
  readonly deadlineAt?: number | undefined;
}

/** Somebody who waits, as the order of service sees it. */
export interface Waiting<Ask> extends FifoNode {
  readonly ask: Ask;
}

/** An order of service. `Fifo` is one; `peek` names who is next, and names the same one until something changes. */
export interface WaitQueue<Ask> {
  readonly size: number;
  push(waiting: Waiting<Ask>): void;
  peek(): Waiting<Ask> | undefined;
  /** False when it is not in this queue. */
  remove(waiting: Waiting<Ask>): boolean;
}

export interface WaitListOptions<Ask> {
  readonly clock: Clock;
  /** Default first come, first served. It belongs to this list alone. */
  readonly queue?: WaitQueue<Ask> | undefined;
  /** Makes the error of a wait that ran out of time. */
  readonly expired: (ask: Ask) => unknown;
  /** Called after a waiter left by abort or timeout: those behind it may be servable now. */
  readonly left?: () => void;
}

class Waiter<T, Ask> extends FifoNode implements Waiting<Ask>, AbortListener, Expiring {
  readonly owner: WaitListInternals<T, Ask>;
  readonly ask: Ask;
  readonly signal: AbortSignal | undefined;
  readonly deadlineAt: number;
  heapIndex = -1;
  resolve!: (value: T) => void; // both are set by the promise's executor, which runs at once
  reject!: (error: unknown) => void;

  constructor(owner: WaitListInternals<T, Ask>, ask: Ask, { signal, deadlineAt }: WaitOptions) {
    super();
    this.owner = owner;
    this.ask = ask;
    this.signal = signal;
    this.deadlineAt = deadlineAt ?? Infinity;
  }

  aborted(reason: unknown): void {
    this.owner.leave(this, reason);
  }

  expire(): void {
    this.owner.expire(this);
  }
}

interface WaitListInternals<T, Ask> {
  leave(waiter: Waiter<T, Ask>, reason: unknown): void;
  expire(waiter: Waiter<T, Ask>): void;
}

export class WaitList<T, Ask = undefined> {
  readonly #clock: Clock;
  readonly #expired: (ask: Ask) => unknown;
  readonly #left: (() => void) | undefined;
  readonly #queue: WaitQueue<Ask>;
  readonly #deadlines: Deadlines;
  readonly #internals: WaitListInternals<T, Ask>;
  /** Whom `next` named last, while it waits. */
  #named: Waiter<T, Ask> | undefined = undefined;

  constructor({ clock, queue, expired, left }: WaitListOptions<Ask>) {
    this.#clock = clock;
    this.#expired = expired;
    this.#left = left;
    this.#queue = queue ?? new Fifo<Waiting<Ask>>();
    this.#deadlines = new Deadlines(clock);
    this.#internals = {
      leave: (waiter, reason) => {
        this.#take(waiter);
        waiter.reject(reason);
        this.#left?.();
      },
      expire: (waiter) => {
        this.#expire(waiter);
        this.#left?.();
      },
    };
  }

  get size(): number {
    return this.#queue.size;
  }

  /** Joins the end of the line. Rejects at once when the signal is aborted or the deadline has passed. */
  wait(ask: Ask, options: WaitOptions): Promise<T> {
    const { signal, deadlineAt = Infinity } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (deadlineAt < Infinity && deadlineAt <= this.#clock.now()) return Promise.reject(this.#expired(ask));
    return new Promise<T>((resolve, reject) => {
      const waiter = new Waiter(this.#internals, ask, options);
      waiter.resolve = resolve;
      waiter.reject = reject;
      this.#queue.push(waiter);
      if (deadlineAt < Infinity) this.#deadlines.add(waiter);
      if (signal !== undefined) listenForAbort(signal, waiter);
    });
  }

  /**
   * The next waiter to be served, with what it asks for. Those that are aborted or out of time are rejected on the way.
   * What follows in the same turn, `grant` or `refuse`, is for this one: neither asks the clock again, so nobody else can
   * get what was measured for it.
   */
  next(): { readonly ask: Ask } | undefined {
    return (this.#named = this.#nextLive());
  }

  /** Hands the value to the waiter that {@link next} named. False when nobody waits. */
  grant(value: T): boolean {
    const waiter = this.#named ?? this.#peek();
    if (waiter === undefined) return false;
    this.#take(waiter);
    waiter.resolve(value);
    return true;
  }

  /** Ends the wait of the waiter that {@link next} named. False when nobody waits. */
  refuse(error: unknown): boolean {
    const waiter = this.#named ?? this.#peek();
    if (waiter === undefined) return false;
    this.#take(waiter);
    waiter.reject(error);
    return true;
  }

  /** Ends the wait of this one, wherever it stands. False when it does not wait here. */
  drop(waiting: Waiting<Ask>, error: unknown): boolean {
    if (!this.#queue.remove(waiting)) return false;
    const waiter = this.#waiterOf(waiting);
    this.#take(waiter);
    waiter.reject(error);
    return true;
  }

  #peek(): Waiter<T, Ask> | undefined {
    const waiting = this.#queue.peek();
    return waiting === undefined ? undefined : this.#waiterOf(waiting);
  }

  // What is in the queue was put there by `wait`, so it was made by the constructor.
  #waiterOf(waiting: Waiting<Ask>): Waiter<T, Ask> {
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- see above
    return waiting as Waiter<T, Ask>;
  }

  // Several waiters of one aborted signal are told one after the other; those not yet told must not be served.
  #nextLive(): Waiter<T, Ask> | undefined {
    let head = this.#peek();
    for (; head !== undefined; head = this.#peek()) {
      if (head.signal?.aborted === true) {
        this.#take(head);
        head.reject(head.signal.reason);
      } else if (head.deadlineAt < Infinity && head.deadlineAt <= this.#clock.now()) {
        this.#expire(head);
      } else {
        break;
      }
    }
    return head;
  }

  // Out of the line first: whoever makes the error may look at the line, or call into it.
  #expire(waiter: Waiter<T, Ask>): void {
    this.#take(waiter);
    waiter.reject(this.#expired(waiter.ask));
  }

  #take(waiter: Waiter<T, Ask>): void {
    if (waiter === this.#named) this.#named = undefined;
    this.#queue.remove(waiter);
    this.#deadlines.delete(waiter);
    if (waiter.signal !== undefined) ignoreAbort(waiter.signal, waiter);
  }
}
