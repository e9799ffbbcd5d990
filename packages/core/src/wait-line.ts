import { ignoreAbort, listenForAbort, type AbortListener } from "./abort-hub.ts";
import type { Clock } from "./clock.ts";
import { Deadlines, type Expiring } from "./deadlines.ts";
import { Fifo, FifoNode } from "./fifo.ts";

/**
 * The abortable wait, without promises: a line of waiters, each of which is taken out to be served, aborted, or out of
 * time; exactly one of them.
 *
 * What was freed is *handed over*: whoever frees it takes the next waiter out and serves it in the same turn, so no newcomer
 * can steal it, and a wake-up cannot be lost on a waiter that is just going away. Whoever was served is served, even if its
 * signal aborts before its code continues. A waiter whose time is over is never served, also when a blocked event loop
 * keeps the timer from saying so.
 *
 * A waiter carries everything that the line, the deadlines and the signal need, so that joining allocates nothing else: in
 * a crowd of ten thousand, memory is most of what a wait costs.
 */
export abstract class Waiter extends FifoNode implements Expiring, AbortListener {
  /** Ends the wait with its own reason. */
  readonly signal: AbortSignal | undefined;
  /** Ends the wait at this time, in the clock's ms. */
  readonly deadlineAt: number | undefined;
  heapIndex = -1;
  /** @internal Where it waits. Changes only in WaitLine. */
  home: WaiterHome | undefined = undefined;

  constructor(signal: AbortSignal | undefined, deadlineAt: number | undefined) {
    super();
    this.signal = signal;
    // Infinity would take a box of its own in each waiter.
    this.deadlineAt = deadlineAt === Infinity ? undefined : deadlineAt;
  }

  /** The wait is over, and it was not served. */
  abstract refuse(error: unknown): void;

  aborted(reason: unknown): void {
    this.home?.abort(this, reason);
  }

  expire(): void {
    this.home?.expire(this);
  }
}

interface WaiterHome {
  abort(waiter: Waiter, reason: unknown): void;
  expire(waiter: Waiter): void;
}

/** An order of service. `Fifo` is one. `peek` names who is next, and names the same one until something changes. */
export interface WaitQueue<W extends Waiter> {
  readonly size: number;
  push(waiter: W): void;
  peek(): W | undefined;
  /** False when it is not in this queue. */
  remove(waiter: W): boolean;
}

export interface WaitLineOptions<W extends Waiter> {
  readonly clock: Clock;
  /** Default first come, first served. It belongs to this line alone. */
  readonly queue?: WaitQueue<W> | undefined;
  /** Where the waiters' deadlines stand. Default some of its own; several lines can share one timer. */
  readonly deadlines?: Deadlines | undefined;
  /** Makes the error of a wait that ran out of time. */
  readonly expired: (waiter: W) => unknown;
  /** Called after a waiter left by abort or timeout: others may be servable now. */
  readonly left?: (() => void) | undefined;
}

export class WaitLine<W extends Waiter> {
  readonly #clock: Clock;
  readonly #expired: (waiter: W) => unknown;
  readonly #left: (() => void) | undefined;
  readonly #queue: WaitQueue<W>;
  readonly #deadlines: Deadlines;
  readonly #home: WaiterHome;
  /** As the queue's size; asked on every path, so no call leads to it. */
  #size = 0;

  constructor({ clock, queue, deadlines, expired, left }: WaitLineOptions<W>) {
    this.#clock = clock;
    this.#expired = expired;
    this.#left = left;
    this.#queue = queue ?? new Fifo<W>();
    this.#deadlines = deadlines ?? new Deadlines(clock);
    // Only `join` gives waiters this home, and it takes nothing but W.
    this.#home = {
      abort: (waiter, reason) => {
        this.take(waiter as W);
        waiter.refuse(reason);
        this.#left?.();
      },
      expire: (waiter) => {
        this.#expire(waiter as W);
        this.#left?.();
      },
    };
  }

  get size(): number {
    return this.#size;
  }

  /** It waits from now on. Its signal must not be aborted, nor its time be over: see {@link isOver}. */
  join(waiter: W): void {
    this.#queue.push(waiter);
    this.#size += 1;
    waiter.home = this.#home;
    if (waiter.deadlineAt !== undefined) this.#deadlines.add(waiter);
    if (waiter.signal !== undefined) listenForAbort(waiter.signal, waiter);
  }

  /** Whether that time has come. */
  isOver(deadlineAt: number | undefined): boolean {
    return deadlineAt !== undefined && deadlineAt < Infinity && deadlineAt <= this.#clock.now();
  }

  /**
   * The next to be served, left in its place. Those that are aborted or out of time are refused on the way; several waiters
   * of one signal are told one after the other, and those not yet told must not be served.
   */
  next(): W | undefined {
    let head = this.#queue.peek();
    for (; head !== undefined; head = this.#queue.peek()) {
      if (head.signal?.aborted === true) {
        this.take(head);
        head.refuse(head.signal.reason);
      } else if (this.isOver(head.deadlineAt)) {
        this.#expire(head);
      } else {
        break;
      }
    }
    return head;
  }

  /** Takes it out, wherever it stands, and leaves nothing behind. The caller serves or refuses it. False when it does not wait here. */
  take(waiter: W): boolean {
    if (!this.#queue.remove(waiter)) return false;
    this.#size -= 1;
    waiter.home = undefined;
    this.#deadlines.delete(waiter);
    if (waiter.signal !== undefined) ignoreAbort(waiter.signal, waiter);
    return true;
  }

  // Out of the line first: whoever makes the error may look at the line, or call into it.
  #expire(waiter: W): void {
    this.take(waiter);
    waiter.refuse(this.#expired(waiter));
  }
}
